"""Temperatures: how much a model's scores must be divided by to mean what they say."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.model_selection import StratifiedKFold

from mnist_api.training.dataset import Labels

Floats = NDArray[np.float32]


def fit_temperature(scores: Floats, labels: Labels) -> float:
    """Return the temperature under which scores (n, 10) make the labels (n,) likeliest."""

    def loss(log_temperature: float) -> float:
        log_shares = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(log_shares[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x))


def folds(
    labels: Labels, count: int, seed: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Cut digits into parts of even classes; yield what is inside a fold and what it is judged on.

    What learns from the inside must augment by itself, so that no variation of a digit crosses
    into the part that judges. Both are sorted.
    """
    splitter = StratifiedKFold(count, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(labels)), labels)
