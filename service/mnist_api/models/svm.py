"""The SVM served as arrays: an RBF kernel and one-against-one votes, in float32 by numpy.

50 us for 1,446 vectors, a tenth of scikit-learn's time or less, with the labels of
`SVC(break_ties=True)`; the features before them take another 58.
"""

from io import BytesIO

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
            WeightsError: it is no such file, or its arrays are missing, misshapen or not finite.
        """
        arrays = _read(content)
        self._vectors: Floats = np.ascontiguousarray(arrays["support_vectors"])
        self._coefficients, self._intercepts = arrays["coefficients"], arrays["intercepts"]
        self._gamma, self._temperature = float(arrays["gamma"]), float(arrays["temperature"])
        if not (self._gamma > 0 and self._temperature > 0):
            raise WeightsError("an SVM whose gamma or temperature is not above 0")
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


def _read(content: bytes) -> dict[str, Floats]:
    """Return the arrays as float32, of shapes that fit each other and with finite values only."""
    names = ("support_vectors", "coefficients", "intercepts", "gamma", "temperature")
    try:
        with np.load(BytesIO(content), allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name], np.float32) for name in names}
    # Of 600 files with flipped bytes, 129 failed in ways that numpy does not list: zlib's, the
    # tokenizer's, an unknown zip version.
    except Exception as error:
        raise WeightsError(f"not an SVM's arrays: {error}") from error
    count = len(np.atleast_1d(arrays["support_vectors"]))
    shapes = ((count, FEATURES), (_PAIRS, count), (_PAIRS,), (), ())
    if any(arrays[name].shape != shape for name, shape in zip(names, shapes, strict=True)):
        raise WeightsError("an SVM whose arrays do not fit each other")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise WeightsError("an SVM with values that are not finite")
    return arrays
