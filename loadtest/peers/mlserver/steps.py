"""The first steps of the pipelines, in a module of their own so that a pickle can name them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_api.models.hog import hog


def features(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return HOG features of rows of 784 pixels."""
    return hog(np.asarray(rows, np.uint8).reshape(-1, 28, 28))


def scaled(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return pixels from 0 to 1."""
    return np.asarray(rows, np.float32).reshape(-1, 784) * np.float32(1 / 255)
