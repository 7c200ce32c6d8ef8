"""The SVM served as arrays: RBF machines, one a class, on projected features, in float32 by numpy.

One machine a class, not one a pair: the pairs' votes rank the classes as well but say nothing of
how sure they are (negative log likelihood by cross-validation 0.137, of these machines 0.055).
"""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import WeightsError
from mnist_api.models.hog import FEATURES, hog

Floats = NDArray[np.float32]

_CLASSES = 10
_SHAPES: Mapping[str, tuple[str, ...]] = {
    "centre": ("features",),
    "projection": ("features", "dimensions"),
    "support_vectors": ("vectors", "dimensions"),
    "coefficients": ("classes", "vectors"),
    "intercepts": ("classes",),
    "gamma": (),
    "temperature": (),
}


class SvmModel:
    """A machine made by `mnist_api.training.svm_fit`."""

    def __init__(self, content: bytes) -> None:
        """Read the arrays of an `.npz` file.

        Raises:
            WeightsError: it is no such file, or its arrays are missing, misshapen or not finite.
        """
        arrays = _read(content)
        gamma, self._temperature = float(arrays["gamma"]), float(arrays["temperature"])
        if not (gamma > 0 and self._temperature > 0):
            raise WeightsError("an SVM whose gamma or temperature is not above 0")
        vectors = arrays["support_vectors"]
        self._gamma = np.float32(gamma)
        self._intercepts = arrays["intercepts"]
        self._projection: Floats = np.ascontiguousarray(arrays["projection"])
        self._centre: Floats = arrays["centre"] @ self._projection
        # exp(-g|x - v|^2) is exp(-g|x|^2) exp(2g x.v) exp(-g|v|^2): all but x is known now.
        self._vectors: Floats = np.ascontiguousarray((2 * self._gamma * vectors).T)
        damping = np.exp(-self._gamma * np.square(vectors).sum(axis=1))
        # PERF: a row a class. The other way round one picture's product took 5 us instead of 3.
        self._coefficients: Floats = np.ascontiguousarray(arrays["coefficients"] * damping)

    def predict(self, images: NDArray[np.uint8]) -> Floats:
        """Return calibrated probabilities, float32 (n, 10), for normalised pictures (n, 28, 28)."""
        shares = self.scores(images)
        shares -= shares.max(axis=1, keepdims=True)
        shares /= self._temperature
        np.exp(shares, out=shares)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares

    def scores(self, images: NDArray[np.uint8]) -> Floats:
        """Return the decision values of normalised pictures, float32 (n, 10)."""
        return self.decision(hog(images))

    def decision(self, features: Floats) -> Floats:
        """Return how far features (n, 288) are on each class's side, float32 (n, 10)."""
        projected = features @ self._projection
        projected -= self._centre
        kernel = projected @ self._vectors
        np.exp(kernel, out=kernel)
        damping = np.exp(-self._gamma * np.vecdot(projected, projected))
        scores: Floats = (kernel @ self._coefficients.T) * damping[:, None] + self._intercepts
        return scores


def _read(content: bytes) -> dict[str, Floats]:
    """Return the arrays as float32, of shapes that fit each other and with finite values only."""
    names = tuple(_SHAPES)
    try:
        with np.load(BytesIO(content), allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name], np.float32) for name in names}
    # Of 600 files with flipped bytes, 129 failed in ways that numpy does not list: zlib's, the
    # tokenizer's, an unknown zip version.
    except Exception as error:
        raise WeightsError(f"not an SVM's arrays: {error}") from error
    sizes: dict[str, int] = {"features": FEATURES, "classes": _CLASSES}
    for name, axes in _SHAPES.items():
        shape = arrays[name].shape
        # What a file may choose, the number of vectors and of dimensions, is set by the first.
        known = [sizes.setdefault(axis, size) for axis, size in zip(axes, shape, strict=False)]
        if len(shape) != len(axes) or list(shape) != known:
            raise WeightsError("an SVM whose arrays do not fit each other")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise WeightsError("an SVM with values that are not finite")
    return arrays
