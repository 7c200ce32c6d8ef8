"""Histograms of oriented gradients of a digit, in numpy: what the SVM sees.

After Dalal and Triggs (2005), with what helps digits: deskewing by moments first, signed
orientations, cells that overlap as triangles, and a square root before the final norm.
"""

from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SIDE = 28
_ORIENTATIONS = 8
_CELLS = 6
FEATURES = _CELLS * _CELLS * _ORIENTATIONS

# Rows and columns count from the middle, where sums of products lose nothing to rounding.
_AXIS = np.arange(_SIDE, dtype=np.float32) - np.float32((_SIDE - 1) / 2)
_DOWN, _RIGHT = np.repeat(_AXIS, _SIDE), np.tile(_AXIS, _SIDE)
_MOMENTS = np.stack([np.ones_like(_DOWN), _DOWN, _RIGHT, _DOWN * _RIGHT, _DOWN * _DOWN])
# PERF: pictures are computed flattened and framed by 0: a row above, one below, and a pixel behind
# each row. So neighbours in the flat picture are neighbours in the picture, and each step is one
# call on one piece of memory.
_STRIDE = _SIDE + 1
_FRAMED = (_SIDE + 2, _STRIDE)
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
    features = np.empty((len(images), FEATURES), np.float32)
    for image, row in zip(images, features, strict=True):
        row[:] = _features(image)
    return features


def _features(image: NDArray[np.uint8]) -> Floats:
    planes = _oriented(_deskewed(image.astype(np.float32)))
    down, right = _pooling()
    # PERF: rows first, by eight products that are wide, then columns, by a single narrow one.
    cells: Floats = (np.matmul(down, planes).reshape(-1, _STRIDE) @ right).ravel()
    np.sqrt(cells, out=cells)
    cells *= 1 / (sqrt(cells @ cells) + 1e-6)
    return cells


def _deskewed(image: Floats) -> Floats:
    """Shear rows sideways until ink has no slant: each row moves by a fraction of pixels.

    Returns:
        float32 (30, 29): framed.
    """
    # PERF: one product for all sums, then plain numbers: on 28 of them an array's call is dear.
    mass, downs, rights, products, squares = (_MOMENTS @ image.ravel()).tolist()
    framed = np.zeros(_FRAMED, np.float32)
    if mass == 0:
        return framed
    mean_row = downs / mass
    variance = squares / mass - mean_row * mean_row
    covariance = (products - mean_row * rights) / mass
    slant = min(max(covariance / (variance + 1e-6), -_MOST_SLANT), _MOST_SLANT)
    # A row moves as one: 28 whole steps and 28 fractions are all the geometry there is.
    shift = slant * (_AXIS - np.float32(mean_row))
    whole = np.floor(shift)
    padded = np.zeros((_SIDE, _WIDE), np.float32)
    padded[:, _PAD:-_PAD] = image
    window = padded.ravel().take(_window() + whole.astype(np.intp)[:, None])
    inside = framed[1:-1]
    # From each pixel to the next, and then the fraction of it.
    np.subtract(window.ravel()[1:], window.ravel()[:-1], out=inside.ravel()[:-1])
    inside *= (shift - whole)[:, None]
    inside += window
    inside[:, -1] = 0
    return framed


@lru_cache(maxsize=1)
def _window() -> NDArray[np.intp]:
    """Return where the 29 neighbours of an unmoved row lie in the padded, flattened image."""
    return (np.arange(_SIDE) * _WIDE + _PAD)[:, None] + np.arange(_SIDE + 1)


def _oriented(image: Floats) -> Floats:
    """Share each pixel's gradient among the nearest of eight directions.

    PERF: by cosines, one small matrix product; by angles, arctan2 took three times as long.

    Args:
        image: float32 (30, 29), framed.

    Returns:
        float32 (8, 28, 29), the last column of no meaning.
    """
    flat = image.ravel()
    gradient = np.empty((3, _SIDE * _STRIDE), np.float32)
    horizontal, vertical, strength = gradient
    np.subtract(flat[_STRIDE + 1 : 1 - _STRIDE], flat[_STRIDE - 1 : -1 - _STRIDE], out=horizontal)
    np.subtract(flat[2 * _STRIDE :], flat[: -2 * _STRIDE], out=vertical)
    np.multiply(horizontal, horizontal, out=strength)
    strength += vertical * vertical
    np.sqrt(strength, out=strength)
    planes = _DIRECTIONS @ gradient
    # PERF: this is twice what is above 0, which the final norm takes back; `maximum` took longer.
    planes += np.abs(planes)
    oriented: Floats = planes.reshape(_ORIENTATIONS, _SIDE, _STRIDE)
    return oriented


@lru_cache(maxsize=1)
def _pooling() -> tuple[Floats, Floats]:
    """Return how much each row counts for each of 6 cells, as triangles, and each of 29 columns."""
    pitch = _SIDE / _CELLS
    centres = (np.arange(_CELLS) + 0.5) * pitch - _SIDE / 2
    rows = np.maximum(0, 1 - np.abs(_AXIS - centres[:, None]) / pitch).astype(np.float32)
    return rows, np.vstack([rows.T, np.zeros((1, _CELLS), np.float32)])
