"""How each model is made: every number, in one place."""

from dataclasses import dataclass, field

from mnist_api.training.augment import Augmentation


@dataclass(frozen=True)
class NetRecipe:
    """A network trained by AdamW with warm-up, cosine decay and averaged weights."""

    name: str
    architecture: str
    seed: int
    steps: int
    batch: int
    images: int
    """Augmented images made beforehand, drawn from in every batch."""
    dropout: float
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    warm_up: int = 100
    momentum: float = 0.97
    label_smoothing: float = 0.05
    average: float = 0.995
    teacher: str | None = None
    """A model whose answers are learned beside the labels."""
    teacher_share: float = 0.7
    teacher_temperature: float = 1.5
    augmentation: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class SvmRecipe:
    """An RBF machine on oriented gradients of the digits and of some variations of each."""

    name: str
    seed: int
    copies: int = 8
    c: float = 3.0
    gamma_scale: float = 1.2
    augmentation: Augmentation = field(default_factory=Augmentation)


CNN = NetRecipe("cnn-h16-1", "cnn-h16", seed=1, steps=5400, batch=100, images=360_000, dropout=0.25)
MLP = NetRecipe(
    "mlp-512-1",
    "mlp-512-512",
    seed=2,
    steps=9000,
    batch=256,
    images=240_000,
    dropout=0.1,
    teacher="cnn",
)
SVM = SvmRecipe("svm-hog-1", seed=3)
