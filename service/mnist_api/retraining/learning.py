"""A model from the 500 digits and the samples, by the recipes that made the built-in ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mnist_api.models.svm import SvmModel
from mnist_api.retraining.jobs import EffortName
from mnist_api.training.calibrate import fit_temperature, folds
from mnist_api.training.dataset import Images, Labels
from mnist_api.training.export import check_parity, to_litert, with_probabilities
from mnist_api.training.making import Lessons
from mnist_api.training.morph import Flows
from mnist_api.training.recipes import CNN, MLP, SVM
from mnist_api.training.store import Store
from mnist_api.training.svm_fit import calibrated
from mnist_api.training.threads import one_thread
from mnist_api.training.train_net import logits

Told = Callable[[str, float], None]
"""Takes what is done now, and after which share of the work."""

_FOLD_SEED = 500
# A net that only judges a fold gets a third of the schedule, as when the built-in ones were made.
_NET_FOLDS, _FOLD_SHARE = 5, 3


@dataclass(frozen=True)
class Effort:
    """How much work a training is."""

    schedule: int
    """One part in so many of a recipe's steps and variations."""
    svm_folds: int
    """Fits that find the SVM's temperature."""
    is_morphing: bool
    """Whether digits are registered with each other first, which varies them more."""


EFFORTS: dict[EffortName, Effort] = {
    "full": Effort(schedule=1, svm_folds=5, is_morphing=True),
    "quick": Effort(schedule=8, svm_folds=2, is_morphing=False),
}
RECIPES = {"svm": SVM.name, "cnn": CNN.name, "mlp": MLP.name}


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
    lessons = _lessons(images, labels, effort, Store(folder))
    if model == "svm":
        return _svm(lessons, effort, told)
    return _net(model, lessons, told)


def _lessons(images: Images, labels: Labels, effort: Effort, store: Store) -> Lessons:
    if effort.is_morphing:
        return replace(Lessons.of(images, labels, store), schedule=effort.schedule)
    none = np.zeros(0, np.intp)
    flows = Flows(np.zeros((0, 28, 28, 2), np.float32), none, none)
    return Lessons(images, labels, store, flows, effort.schedule)


def _svm(lessons: Lessons, effort: Effort, told: Told) -> bytes:
    # Registering 700 digits takes 35 s, a fit 12 s (2 cores).
    registered, fits = (3.0 if effort.is_morphing else 0.0), effort.svm_folds + 1
    work = registered + fits
    told("fitting", registered / work)
    content = lessons.svm
    scores = np.zeros((len(lessons.labels), 10), np.float32)
    for number, (inside, outside) in enumerate(folds(lessons.labels, fits - 1, _FOLD_SEED), 1):
        told(f"calibrating: fold {number} of {fits - 1}", (registered + number) / work)
        judged = SvmModel(lessons.inside(inside).svm)
        scores[outside] = judged.scores(lessons.images[outside])
    told("judging", 1.0)
    return calibrated(content, fit_temperature(scores, lessons.labels))


def _net(model: str, lessons: Lessons, told: Told) -> bytes:
    told("training", 0.1)
    net = lessons.net(model)
    told("calibrating", 0.75)
    calibrated_net = with_probabilities(net, _net_temperature(model, lessons))
    content = to_litert(calibrated_net)
    check_parity(calibrated_net, content, lessons.images)
    told("judging", 1.0)
    return content


def _net_temperature(model: str, lessons: Lessons) -> float:
    """Return what a net's scores are to be divided by, from the fifth that one net did not see."""
    inside, outside = next(folds(lessons.labels, _NET_FOLDS, _FOLD_SEED))
    fold = replace(lessons.inside(inside), schedule=lessons.schedule * _FOLD_SHARE)
    judged = (lessons.images[outside] / np.float32(255)).astype(np.float32)
    return fit_temperature(logits(fold.net(model), judged), lessons.labels[outside])
