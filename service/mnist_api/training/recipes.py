"""How each model is made: every number, in one place."""

from dataclasses import dataclass, field

from mnist_api.training.augment import Augmentation


@dataclass(frozen=True)
class PoolRecipe:
    """The variations that all networks of one draw learn from."""

    seed: int = 1
    images: int = 160_000
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class NetRecipe:
    """A network trained by AdamW with warm-up, cosine decay and averaged weights."""

    name: str
    architecture: str
    width: int
    seed: int
    steps: int
    batch: int
    dropout: float
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    warm_up: int = 100
    momentum: float = 0.97
    label_smoothing: float = 0.05
    average: float = 0.995
    teacher_share: float = 0.7
    """Of the targets, where a teacher's answers are learned beside the labels."""
    teacher_temperature: float = 1.5


@dataclass(frozen=True)
class SvmRecipe:
    """RBF machines on oriented gradients of the digits and of some variations of each."""

    name: str
    seed: int
    copies: int = 16
    dimensions: int = 96
    c: float = 3.0
    gamma_scale: float = 1.2
    augmentation: Augmentation = field(default_factory=Augmentation)


POOL = PoolRecipe()
CNN = NetRecipe("cnn-h16-2", "cnn", width=16, seed=1, steps=3600, batch=100, dropout=0.25)
MLP = NetRecipe("mlp-hog-2", "mlp", width=256, seed=2, steps=6000, batch=256, dropout=0.1)
SVM = SvmRecipe("svm-hog-2", seed=3)
