"""Temperatures: how much a model's scores must be divided by to mean what they say."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedKFold

from mnist_api.training.dataset import Images, Labels

Floats = NDArray[np.float32]
Score = Callable[[Images], Floats]


def fit_temperature(scores: Floats, labels: Labels) -> float:
    """Return the temperature under which scores (n, 10) make the labels (n,) likeliest."""

    def loss(log_temperature: float) -> float:
        log_shares = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(log_shares[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x))


def out_of_fold_scores(
    fit: Callable[[Images, Labels], Score], images: Images, labels: Labels, folds: int, seed: int
) -> Floats:
    """Score each picture by a model that never saw it, nor a variation of it.

    Args:
        fit: trains on pictures and labels and returns what scores others; augments by itself, so
            that no variation of a picture crosses into the fold that judges it.
        images: uint8 (n, 28, 28).
        labels: uint8 (n,).
        folds: into how many parts the pictures are cut.
        seed: of the cut.
    """
    scores = np.zeros((len(labels), 10), np.float32)
    for inside, outside in _folds(labels, folds, seed):
        scores[outside] = fit(images[inside], labels[inside])(images[outside])
    return scores


def _folds(
    labels: Labels, folds: int, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(labels)), labels)
