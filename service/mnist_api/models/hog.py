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
# Wide enough for the most slant: a row is at most 27 from the mean one, and has 29 neighbours.
_PAD = _SIDE
_WIDE = _SIDE + 2 * _PAD
# Plane k holds what points towards k eighths of a turn: 1 fully, 0 an eighth or more beside it.
_ANGLES = np.arange(_ORIENTATIONS) * (2 * np.pi / _ORIENTATIONS)
_LEAST = np.cos(2 * np.pi / _ORIENTATIONS)
_DIRECTIONS = (
    np.stack([np.cos(_ANGLES), np.sin(_ANGLES), np.full(_ORIENTATIONS, -_LEAST)], axis=1)
    / (1 - _LEAST)
).astype(np.float32)
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
    narrow = (planes.reshape(-1, _SIDE) @ pooling.T).reshape(_ORIENTATIONS, _SIDE, _CELLS)
    cells = np.matmul(pooling, narrow).ravel()
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
    # A row moves as one: 28 whole steps and 28 fractions are all the geometry there is.
    shift = slant * off
    whole = np.floor(shift)
    share = (shift - whole)[:, None]
    padded = np.zeros((_SIDE, _WIDE), np.float32)
    padded[:, _PAD:-_PAD] = image
    window = padded.ravel().take(_window() + whole.astype(np.intp)[:, None])
    sheared: Floats = window[:, :-1] * (1 - share) + window[:, 1:] * share
    return sheared


@lru_cache(maxsize=1)
def _window() -> NDArray[np.intp]:
    """Return where the 29 neighbours of an unmoved row lie in the padded, flattened image."""
    return (np.arange(_SIDE) * _WIDE + _PAD)[:, None] + np.arange(_SIDE + 1)


def _oriented(image: Floats) -> Floats:
    """Share each pixel's gradient among the nearest of eight directions: (8, 28, 28).

    PERF: by cosines, one small matrix product; by angles, arctan2 took three times as long.
    """
    padded = np.zeros((_SIDE + 2, _SIDE + 2), np.float32)
    padded[1:-1, 1:-1] = image
    gradient = np.empty((3, _SIDE, _SIDE), np.float32)
    horizontal, vertical, strength = gradient
    np.subtract(padded[1:-1, 2:], padded[1:-1, :-2], out=horizontal)
    np.subtract(padded[2:, 1:-1], padded[:-2, 1:-1], out=vertical)
    np.sqrt(horizontal * horizontal + vertical * vertical, out=strength)
    planes = _DIRECTIONS @ gradient.reshape(3, -1)
    np.maximum(planes, 0, out=planes)
    oriented: Floats = planes.reshape(_ORIENTATIONS, _SIDE, _SIDE)
    return oriented


@lru_cache(maxsize=1)
def _pooling() -> Floats:
    """Return how much each of 28 rows (or columns) counts for each of 6 cells, as triangles."""
    pitch = _SIDE / _CELLS
    centres = (np.arange(_CELLS) + 0.5) * pitch - 0.5
    return np.maximum(0, 1 - np.abs(_AXIS - centres[:, None]) / pitch).astype(np.float32)
