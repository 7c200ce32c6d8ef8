"""What a model is worth, on digits it never saw."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_api.training.dataset import Labels

_ECE_BINS = 15


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on `images` pictures; shares are 0 to 1."""

    images: int
    accuracy: float
    precision: list[float]
    recall: list[float]
    confusion: list[list[int]]
    """Rows are the true digits, columns the answers."""
    expected_calibration_error: float
    negative_log_likelihood: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields for a JSON file."""
        return asdict(self)


def evaluate(probabilities: NDArray[np.float32], labels: Labels) -> Evaluation:
    """Judge calibrated probabilities (n, 10) against labels (n,)."""
    answers = probabilities.argmax(axis=1)
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, answers), 1)
    right = confusion.diagonal()
    likelihoods = probabilities[np.arange(len(labels)), labels]
    return Evaluation(
        images=len(labels),
        accuracy=round(float((answers == labels).mean()), 5),
        precision=_rounded(right / np.maximum(confusion.sum(axis=0), 1)),
        recall=_rounded(right / np.maximum(confusion.sum(axis=1), 1)),
        confusion=confusion.tolist(),
        expected_calibration_error=round(_calibration_error(probabilities, labels), 5),
        negative_log_likelihood=round(float(-np.log(np.maximum(likelihoods, 1e-12)).mean()), 5),
    )


def _rounded(shares: NDArray[np.float64]) -> list[float]:
    return [round(float(share), 4) for share in shares]


def _calibration_error(probabilities: NDArray[np.float32], labels: Labels) -> float:
    """Return the mean gap between confidence and accuracy, over 15 bins of equal width."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * _ECE_BINS).astype(int), _ECE_BINS - 1)
    gaps = np.bincount(bins, confidence - right, _ECE_BINS)
    return float(np.abs(gaps).sum() / len(labels))
