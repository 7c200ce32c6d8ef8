"""A model from the 500 digits and the samples, by the recipes that made the built-in ones."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mnist_api.retraining.jobs import EffortName
from mnist_api.training.dataset import Images, Labels
from mnist_api.training.export import export, with_probabilities
from mnist_api.training.making import Lessons
from mnist_api.training.morph import Morphing, find_flows
from mnist_api.training.recipes import POOL
from mnist_api.training.store import Store
from mnist_api.training.threads import one_thread

Told = Callable[[str, float], None]
"""Takes what is done now, and after which share of the work."""


@dataclass(frozen=True)
class Effort:
    """How much work a training is."""

    schedule: int
    """One part in so many of a recipe's steps and variations."""
    svm_folds: int
    """Fits that find the SVM's temperature."""
    morphing: Morphing
    """How digits are registered with each other first, to be varied towards each other."""


EFFORTS: dict[EffortName, Effort] = {
    "full": Effort(schedule=1, svm_folds=5, morphing=POOL.augmentation.morphing),
    # Less than this, and what it makes is worse than the built-in SVM more often than not.
    "quick": Effort(schedule=2, svm_folds=2, morphing=Morphing(partners=3, steps=15)),
}


def learn(
    model: str, images: Images, labels: Labels, effort: Effort, folder: Path, told: Told
) -> bytes:
    """Train a model, and return its file.

    Args:
        model: `cnn`, `mlp` or `svm`.
        images: uint8 (n, 28, 28), ink bright on 0.
        labels: uint8 (n,).
        effort: how much.
        folder: for what is made on the way.
        told: is told of progress.
    """
    one_thread()
    told("registering the digits with each other", 0.0)
    flows = find_flows(images, labels, effort.morphing)
    lessons = Lessons(images, labels, Store(folder), flows, effort.schedule)
    if model == "svm":
        temperature = _svm_temperature(lessons, effort, told)
    else:
        temperature = _net_temperature(model, lessons, told)
    content = export(with_probabilities(lessons.model(model), temperature), lessons.images)
    told("judging", 1.0)
    return content


def _svm_temperature(lessons: Lessons, effort: Effort, told: Told) -> float:
    """Fit the SVM, and find what its scores are to be divided by."""
    # Registering 700 digits takes as long as three fits at full effort, and as one at little.
    fits = effort.svm_folds + 1
    registered = 0.5 * fits
    work = registered + fits
    told("fitting", registered / work)
    lessons.model("svm")

    def begun(fold: int) -> None:
        told(f"calibrating: fold {fold} of {effort.svm_folds}", (registered + fold) / work)

    return lessons.svm_temperature(effort.svm_folds, begun)


def _net_temperature(model: str, lessons: Lessons, told: Told) -> float:
    """Train a network, and find what its logits are to be divided by."""
    told("training", 0.1)
    lessons.model(model)
    told("calibrating", 0.75)
    # By the fifth that one net did not see: five nets would take longer than the training.
    return lessons.net_temperature(model, 1)
