"""How well a model reads digits as people send them, through decoder and normaliser."""

import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import ApiError
from mnist_api.imaging.decode import Limits, decode
from mnist_api.imaging.normalise import normalise
from mnist_api.training.dataset import Images, Labels
from mnist_api.training.sent_rows import ROWS

Predict = Callable[[Images], NDArray[np.float32]]
"""From pictures uint8 (n, 28, 28) to probabilities (n, 10)."""

_LIMITS = Limits(max_pixels=25_000_000, max_frames=32)


def accuracy_by_row(
    predict: Predict, digits: Images, labels: Labels, seed: int, workers: int = 2
) -> dict[str, float]:
    """Return the share of digits read right, for each way of sending them in `ROWS`.

    Args:
        predict: the model.
        digits: uint8 (n, 28, 28), bright on 0, as MNIST has them.
        labels: uint8 (n,).
        seed: the same seed gives the same files.
        workers: processes that make, decode and normalise the files.
    """
    with ProcessPoolExecutor(workers) as pool:
        made = pool.map(partial(pictures_of_row, digits=digits, seed=seed), ROWS)
        return {
            name: float((predict(pictures).argmax(axis=1) == labels).mean())
            for name, pictures in zip(ROWS, made, strict=True)
        }


def pictures_of_row(name: str, digits: Images, seed: int) -> Images:
    """Return what a model sees of digits sent in one way; of a refused one a black picture."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    return np.stack([_seen(ROWS[name](digit, rng)) for digit in digits])


def _seen(file: bytes) -> NDArray[np.uint8]:
    try:
        return normalise(decode(file, _LIMITS))
    except ApiError:
        return np.zeros((28, 28), np.uint8)
