"""Histograms of oriented gradients of a digit, in numpy: what the SVM sees.

After Dalal and Triggs (2005), with what helps digits: deskewing by moments first, signed
orientations, cells that overlap as triangles, and a square root before the final norm.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SIDE = 28
_ORIENTATIONS = 8
_CELLS = 6
FEATURES = _CELLS * _CELLS * _ORIENTATIONS

_AXIS = np.arange(_SIDE, dtype=np.float32)
_CENTRED = _AXIS - (_SIDE - 1) / 2
# A slant is undone up to a tangent of 1: beyond, moments speak of a broken digit, not of a hand.
_MOST_SLANT = 1.0


def hog(images: NDArray[np.uint8]) -> Floats:
    """Return the features of normalised pictures.

    Args:
        images: uint8 (n, 28, 28), ink bright on 0.

    Returns:
        float32 (n, 288), rows of length 1.
    """
    return np.stack([_features(image) for image in images])


def _features(image: NDArray[np.uint8]) -> Floats:
    upright = _deskewed(image.astype(np.float32))
    planes = _oriented(upright)
    pooling = _pooling()
    cells = np.matmul(np.matmul(pooling, planes), pooling.T).ravel()
    np.maximum(cells, 0, out=cells)
    np.sqrt(cells, out=cells)
    features: Floats = cells * np.float32(1 / (np.sqrt(cells @ cells) + 1e-6))
    return features


def _deskewed(image: Floats) -> Floats:
    """Shear rows sideways until ink has no slant: each row moves by a fraction of pixels."""
    rows = image @ np.ones(_SIDE, np.float32)
    mass = float(rows.sum())
    if mass == 0:
        return image
    mean_row = float(rows @ _AXIS) / mass
    off = _AXIS - mean_row
    row_moments = image @ _AXIS
    mean_column = float(row_moments.sum()) / mass
    variance = float(rows @ (off * off)) / mass
    covariance = float(off @ (row_moments - mean_column * rows)) / mass
    slant = min(max(covariance / (variance + 1e-6), -_MOST_SLANT), _MOST_SLANT)
    # Where each output pixel looks: its own row, `slant * off` further right.
    where = _AXIS + (slant * off)[:, None]
    left = np.floor(where).astype(np.intp)
    share = where - left
    padded = _padded(image)
    left += _row_offsets()
    flat = padded.ravel()
    sheared: Floats = flat[left] * (1 - share) + flat[left + 1] * share
    return sheared.astype(np.float32)


_PAD = _SIDE


def _padded(image: Floats) -> Floats:
    wide = np.zeros((_SIDE, _SIDE + 2 * _PAD), np.float32)
    wide[:, _PAD:-_PAD] = image
    return wide


@lru_cache(maxsize=1)
def _row_offsets() -> NDArray[np.intp]:
    return (np.arange(_SIDE) * (_SIDE + 2 * _PAD) + _PAD)[:, None]


def _oriented(image: Floats) -> Floats:
    """Share each pixel's gradient between the two nearest of eight directions: (8, 28, 28)."""
    padded = np.zeros((_SIDE + 2, _SIDE + 2), np.float32)
    padded[1:-1, 1:-1] = image
    horizontal = padded[1:-1, 2:] - padded[1:-1, :-2]
    vertical = padded[2:, 1:-1] - padded[:-2, 1:-1]
    strength = np.hypot(horizontal, vertical)
    angle = np.arctan2(vertical, horizontal) * np.float32(_ORIENTATIONS / (2 * np.pi))
    lower = np.floor(angle)
    upper_share = (angle - lower) * strength
    bins = lower.astype(np.intp) % _ORIENTATIONS
    planes = np.zeros((_ORIENTATIONS, _SIDE * _SIDE), np.float32)
    pixels = _pixels()
    planes[bins.ravel(), pixels] = (strength - upper_share).ravel()
    planes[(bins.ravel() + 1) % _ORIENTATIONS, pixels] = upper_share.ravel()
    return planes.reshape(_ORIENTATIONS, _SIDE, _SIDE)


@lru_cache(maxsize=1)
def _pixels() -> NDArray[np.intp]:
    return np.arange(_SIDE * _SIDE)


@lru_cache(maxsize=1)
def _pooling() -> Floats:
    """Return how much each of 28 rows (or columns) counts for each of 6 cells, as triangles."""
    pitch = _SIDE / _CELLS
    centres = (np.arange(_CELLS) + 0.5) * pitch - 0.5
    return np.maximum(0, 1 - np.abs(_AXIS - centres[:, None]) / pitch).astype(np.float32)
