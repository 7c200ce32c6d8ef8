"""What a model is worth, on digits it never saw."""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.training.dataset import Images, Labels

Floats = NDArray[np.float32]
Predict = Callable[[Images], Floats]

_BINS = 15
_PART = 500


class Evaluation(msgspec.Struct, frozen=True):
    """Figures of one model on `images` pictures; shares are 0 to 1."""

    images: int
    accuracy: float
    precision: list[float]
    recall: list[float]
    confusion: list[list[int]]
    """Rows are the true digits, columns the answers."""
    expected_calibration_error: float
    negative_log_likelihood: float
    reliability: list[tuple[int, float, float]]
    """Of each bin of confidence that has any: pictures, mean confidence, share of right answers."""


def in_parts(predict: Predict, images: Images) -> Floats:
    """Return what a model says of many pictures, some at a time."""
    return np.concatenate(
        [predict(images[start : start + _PART]) for start in range(0, len(images), _PART)]
    )


def evaluate(probabilities: Floats, labels: Labels) -> Evaluation:
    """Judge calibrated probabilities (n, 10) against labels (n,)."""
    answers = probabilities.argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, answers), 1)
    right = confusion.diagonal()
    likelihoods = probabilities[np.arange(len(labels)), labels]
    bins = _reliability(probabilities, labels)
    gap = sum(count * abs(confidence - share) for count, confidence, share in bins)
    return Evaluation(
        images=len(labels),
        accuracy=round(float((answers == labels).mean()), 5),
        precision=_rounded(right / np.maximum(confusion.sum(axis=0), 1)),
        recall=_rounded(right / np.maximum(confusion.sum(axis=1), 1)),
        confusion=confusion.tolist(),
        expected_calibration_error=round(gap / len(labels), 5),
        negative_log_likelihood=round(float(-np.log(np.maximum(likelihoods, 1e-12)).mean()), 5),
        reliability=[(count, round(c, 4), round(share, 4)) for count, c, share in bins],
    )


def _rounded(shares: NDArray[np.float64]) -> list[float]:
    return [round(float(share), 4) for share in shares]


def _reliability(probabilities: Floats, labels: Labels) -> list[tuple[int, float, float]]:
    """Return count, mean confidence and share of right answers, of 15 bins of equal width."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    where = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    found = []
    for number in np.unique(where):
        inside = where == number
        means = float(confidence[inside].mean()), float(right[inside].mean())
        found.append((int(inside.sum()), *means))
    return found
