"""The paper behind the ink: evening out the light that falls on it."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Grey levels of 255 between darker and lighter stretches of the border. Noise of sigma 25 makes 10.
_UNEVEN = 16
_ROUNDS = 4
_PAPER = 128


def border(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the outermost pixels, clockwise."""
    return np.concatenate([grey[0], grey[1:-1, -1], grey[-1, ::-1], grey[-2:0:-1, 0]])


def is_uneven(ring: NDArray[np.uint8]) -> bool:
    """Tell whether light falls unevenly on the paper, from the border in order.

    The border is cut into eighths; the medians of the middle four tell. Ink that meets the edge,
    like the bar of a 7 in a tight crop, fills two of them at most; light changes all.
    """
    eighth = max(1, len(ring) // 8)
    stretches = np.sort(ring[: 8 * eighth].reshape(-1, eighth), axis=1)[:, eighth // 2]
    stretches.sort()
    return len(stretches) == 8 and int(stretches[5]) - int(stretches[2]) > _UNEVEN


def evened(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with its paper at mid-grey everywhere, uint8 (h, w), at half its contrast.

    Half, because ink may differ from the paper by up to 255 to either side.
    A quadratic surface is fitted to the paper; each round leaves out more of what is not paper.
    """
    basis = _basis(*grey.shape)
    values = grey.ravel().astype(np.float32)
    weighted = basis
    for _ in range(_ROUNDS):
        fitted = np.linalg.solve(weighted @ basis.T + _RIDGE, weighted @ values) @ basis
        distance = np.abs(values - fitted)
        near = distance < 2.0 * np.partition(distance, len(distance) // 2)[len(distance) // 2] + 1.0
        weighted = basis * near
    return np.clip((values - fitted) / 2 + _PAPER, 0, 255).astype(np.uint8).reshape(grey.shape)


_RIDGE = np.eye(6, dtype=np.float32) * 1e-2


@lru_cache(maxsize=64)
def _basis(height: int, width: int) -> NDArray[np.float32]:
    """Return 1, x, y, x^2, xy, y^2 over a picture, float32 (6, h * w)."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    return terms.reshape(6, -1).astype(np.float32)
