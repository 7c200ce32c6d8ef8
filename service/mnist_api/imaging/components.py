"""Connected parts of the ink: which belong to the digit, which are specks or a frame.

Plain Python over runs of ink in a row: at the few dozen rows this works on, a digit has 30 to 100
runs, and joining them takes less than half a microsecond a run.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Parts with less than this share of the ink are dirt; the dot of a pen or a JPEG's crumbs.
_SPECK = 0.05
# A part that lies for so large a share in the outer eighth of the picture, and meets its edge or
# runs along most of a side, is a frame or an edge of what was photographed with the digit.
_FRAME = 0.6
_MARGIN = 8
_SIDE = 0.7

Labels = NDArray[np.integer[Any]]


def digit_mask(ink: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without specks and frames.

    Args:
        ink: how much ink each pixel has, float32 (h, w).
        mask: which pixels count as inked, bool (h, w).
    """
    labels, count = label_runs(mask)
    if count <= 1:
        return mask
    inks = np.bincount(labels.ravel(), ink.ravel(), count + 1)
    inner = ~_frames(labels, count)
    inner[0] = False
    if not inner.any():
        return mask
    # Where nothing but specks is left, the largest of them is the digit.
    least = min(_SPECK * inks[inner].sum(), inks[inner].max())
    keep: NDArray[np.bool_] = (inner & (inks >= least))[labels]
    return keep


def _frames(labels: Labels, count: int) -> NDArray[np.bool_]:
    """Tell of each label, from 0, whether it is a frame or the edge of what lay around."""
    margin = np.ones(labels.shape, bool)
    top, left = (max(1, side // _MARGIN) for side in labels.shape)
    margin[top:-top, left:-left] = False
    pixels = np.bincount(labels.ravel(), minlength=count + 1)
    outside = np.bincount(labels[margin], minlength=count + 1) >= _FRAME * pixels
    frames = np.zeros(count + 1, bool)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        frames[edge] = True
    frames &= outside
    long = outside & ~frames & (pixels >= _SIDE * min(labels.shape))
    for index in np.flatnonzero(long):
        frames[index] = _spans(labels == index)
    return frames


def _spans(part: NDArray[np.bool_]) -> bool:
    """Tell whether a part reaches over most of the picture's width or height."""
    return any(
        float(np.ptp(np.flatnonzero(part.any(axis=axis)))) >= _SIDE * part.shape[1 - axis]
        for axis in (0, 1)
    )


def label_runs(mask: NDArray[np.bool_]) -> tuple[Labels, int]:
    """Label the 8-connected parts of a mask: 0 is no ink, 1 to n are the n parts."""
    starts, ends, row = _runs(mask)
    # Diagonal neighbours touch: [a, b) and [c, d) of the row above meet if a <= d and c <= b.
    first = ends.searchsorted(starts - row).tolist()
    beyond = starts.searchsorted(ends - row, side="right").tolist()
    # Each run has the name of one that it touches; where it joins two parts, `parents` says so.
    names: list[int] = []
    parents: list[int] = []
    for other, end in zip(first, beyond, strict=True):
        if other == end:
            name = len(parents)
            parents.append(name)
        else:
            name = names[other]
            for above in range(other + 1, end):
                _join(parents, name, names[above])
        names.append(name)
    return _paint(mask, ends - starts, names, parents)


def _join(parents: list[int], one: int, other: int) -> None:
    one, other = _root(parents, one), _root(parents, other)
    parents[max(one, other)] = min(one, other)


def _root(parents: list[int], name: int) -> int:
    while parents[name] != name:
        parents[name] = name = parents[parents[name]]
    return name


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Return the starts and ends (exclusive) of all runs, row by row, and the length of a row.

    Positions count through the rows, with two pixels of paper between one row and the next.
    """
    height, width = mask.shape
    padded = np.zeros((height, width + 2), bool)
    padded[:, 1:-1] = mask
    flat = padded.ravel()
    changes = (flat[1:] != flat[:-1]).nonzero()[0]
    return changes[::2], changes[1::2], width + 2


def _paint(
    mask: NDArray[np.bool_], lengths: NDArray[np.intp], names: list[int], parents: list[int]
) -> tuple[Labels, int]:
    roots = [name for name, parent in enumerate(parents) if name == parent]
    if len(roots) <= 1:
        return mask.view(np.int8), len(roots)
    numbers = {root: number for number, root in enumerate(roots, 1)}
    labels = np.zeros(mask.shape, np.intp)
    labels[mask] = np.repeat([numbers[_root(parents, name)] for name in names], lengths)
    return labels, len(roots)
