"""Connected parts of the ink: which belong to the digit, which are specks or a frame.

Plain Python over runs of ink in a row: at the few dozen rows this works on, a digit has 30 to 100
runs, and labelling them takes about 1 us a run.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Parts with less than this share of the ink are dirt; the dot of a pen or a JPEG's crumbs.
_SPECK = 0.05
# A part that lies for so large a share in the outer eighth of the picture, and meets its edge or
# runs along most of a side, is a frame or an edge of what was photographed with the digit.
_FRAME = 0.6
_MARGIN = 8
_SIDE = 0.7


@dataclass(slots=True)
class _Part:
    """What is known of one connected part."""

    ink: float = 0.0
    pixels: int = 0
    in_margin: int = 0
    touches_edge: bool = False


def digit_mask(ink: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the mask without specks and frames.

    Args:
        ink: how much ink each pixel has, float32 (h, w).
        mask: which pixels count as inked, bool (h, w).
    """
    labels, count = label_runs(mask)
    if count <= 1:
        return mask
    parts = _measure(ink, mask, labels, count)
    frames = {
        index
        for index, part in enumerate(parts)
        if part.in_margin >= _FRAME * part.pixels
        and (part.touches_edge or _spans(labels == index + 1))
    }
    inner = [index for index in range(count) if index not in frames]
    if not inner:
        return mask
    inks = [parts[index].ink for index in inner]
    # Where nothing but specks is left, the largest of them is the digit.
    least = min(_SPECK * sum(inks), max(inks))
    keep = np.zeros(count + 1, bool)
    keep[[index + 1 for index in inner if parts[index].ink >= least]] = True
    return keep[labels]


def _spans(part: NDArray[np.bool_]) -> bool:
    """Tell whether a part reaches over most of the picture's width or height."""
    return any(
        float(np.ptp(np.flatnonzero(part.any(axis=axis)))) >= _SIDE * part.shape[1 - axis]
        for axis in (0, 1)
    )


def _measure(
    ink: NDArray[np.float32], mask: NDArray[np.bool_], labels: NDArray[np.intp], count: int
) -> list[_Part]:
    flat = labels.ravel()
    margin = np.ones(mask.shape, bool)
    top, left = (max(1, side // _MARGIN) for side in mask.shape)
    margin[top:-top, left:-left] = False
    inks = np.bincount(flat, ink.ravel(), count + 1)[1:]
    pixels = np.bincount(flat, minlength=count + 1)[1:]
    in_margin = np.bincount(labels[margin], minlength=count + 1)[1:]
    edges = set(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]).tolist())
    return [
        _Part(float(inks[i]), int(pixels[i]), int(in_margin[i]), i + 1 in edges)
        for i in range(count)
    ]


def label_runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], int]:
    """Label the 8-connected parts of a mask: 0 is no ink, 1 to n are the n parts."""
    rows, starts, ends = _runs(mask)
    if not rows:
        return np.zeros(mask.shape, np.intp), 0
    parents = list(range(len(rows)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    above = 0
    for run, row in enumerate(rows):
        while rows[above] < row - 1:
            above += 1
        other = above
        # Diagonal neighbours touch: runs [a, b) and [c, d) meet if a <= d and c <= b.
        while rows[other] == row - 1 and starts[other] <= ends[run]:
            if ends[other] >= starts[run]:
                parents[root(run)] = root(other)
            other += 1
        while rows[above] == row - 1 and ends[above] < starts[run]:
            above += 1
    return _paint(mask, starts, ends, [root(run) for run in range(len(rows))])


def _runs(mask: NDArray[np.bool_]) -> tuple[list[int], list[int], list[int]]:
    """Return rows, starts and ends (exclusive) of all runs, row by row."""
    height, width = mask.shape
    padded = np.zeros((height, width + 2), np.int8)
    padded[:, 1:-1] = mask
    flat = np.flatnonzero(np.diff(padded.ravel()))
    rows, columns = np.divmod(flat, width + 2)
    return rows[::2].tolist(), columns[::2].tolist(), columns[1::2].tolist()


def _paint(
    mask: NDArray[np.bool_], starts: list[int], ends: list[int], roots: list[int]
) -> tuple[NDArray[np.intp], int]:
    names = {root: number for number, root in enumerate(dict.fromkeys(roots), 1)}
    labels = np.zeros(mask.shape, np.intp)
    lengths = np.subtract(ends, starts)
    labels[mask] = np.repeat([names[root] for root in roots], lengths)
    return labels, len(names)
