"""Telling ink from paper by the histogram of grey values.

Everything is decided on 256 counts and applied through a table of 256 entries: the cost hardly
grows with the picture.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import NoDigit

_LEVELS = np.arange(256, dtype=np.float32)
# Grey levels between the paper and full ink below which nothing was drawn.
_LEAST_CONTRAST = 12
# What noise alone reaches, in its standard deviations: the eighth of 784 normal values 2.3, of
# 7,000 3.1. Ink that reaches less was itself taken for noise, in a crop that shows little paper.
_NOISE_ALONE = (2.2, 3.2)
# So many pixels may be darker than full ink where there is noise: its tail. On clean paper none: a
# small digit on a large canvas has no more pixels than that.
_OUTLIERS = 8
# The paper's noise, in standard deviations, that is still paper.
_FLOOR = 2.0
# More noise than this the median of all distances cannot prove: it may be ink that it met.
_CUT_OFF_NOISE = 40.0


@dataclass(frozen=True, slots=True)
class Contrast:
    """How a picture's grey values divide into paper and ink."""

    paper: int
    full: int
    """Grey levels from the paper to full ink; negative for ink darker than the paper."""
    noise: float
    """Standard deviation of the paper, in grey levels."""

    @property
    def least_ink(self) -> float:
        """The share of full ink that makes a pixel part of the digit; more where there is noise.

        On clean paper the faintest end of a stroke belongs to it: without, the digit's bounds and
        so its size come out wrong.
        """
        return min(0.25, 0.04 + 4 * self.noise / abs(self.full))

    def table(self) -> NDArray[np.float32]:
        """Return the ink, 0 to 1, of each of the 256 grey values."""
        return _table(self.paper, self.full, min(_FLOOR * self.noise, 0.5 * abs(self.full)))


# PERF: most pictures are black on white without noise, and of one table.
@lru_cache(maxsize=64)
def _table(paper: int, full: int, floor: float) -> NDArray[np.float32]:
    depth = (_LEVELS - paper) * (1 if full > 0 else -1)
    table: NDArray[np.float32] = np.clip((depth - floor) / (abs(full) - floor), 0, 1)
    return table


def measure_contrast(grey: NDArray[np.uint8], paper: int) -> Contrast:
    """Find the ink in a picture.

    Args:
        grey: the picture, uint8 (h, w).
        paper: the grey value of its paper.

    Raises:
        NoDigit: all pixels have nearly one value.
    """
    counts = np.bincount(grey.ravel(), minlength=256)
    noise = _noise(counts, paper, grey.size)
    darkest, brightest = _range(counts, min(_OUTLIERS, grey.size // 16) if noise >= 1 else 0)
    full = brightest - paper if brightest - paper >= paper - darkest else darkest - paper
    if abs(full) < _LEAST_CONTRAST or _NOISE_ALONE[0] * noise < abs(full) < _NOISE_ALONE[1] * noise:
        raise NoDigit("the image is uniform: there is no digit on it")
    return Contrast(paper, full, noise)


def _range(counts: NDArray[np.intp], outliers: int) -> tuple[int, int]:
    """Return the darkest and the brightest grey value, so many pixels at each end left out."""
    if not outliers:
        levels = counts.nonzero()[0]
        return int(levels[0]), int(levels[-1])
    cumulated = counts.cumsum()
    return (
        int(cumulated.searchsorted(outliers, side="right")),
        int(cumulated.searchsorted(cumulated[-1] - outliers)),
    )


def _noise(counts: NDArray[np.intp], paper: int, pixels: int) -> float:
    """Return the paper's standard deviation, from the distances of its nearer half to its shade.

    The nearest quarter of all pixels is paper even where a tight crop leaves little of it; within
    0.3186 standard deviations lies a quarter of a normal distribution. Values cut off at black or
    white bring the quarter to no distance at all; the median then still tells.
    """
    if 2 * int(counts[paper]) >= pixels:
        return 0.0
    folded = counts[paper:].astype(np.float64)
    below = counts[:paper][::-1]
    if len(below) >= len(folded):
        folded = np.append(folded, np.zeros(len(below) + 1 - len(folded)))
    folded[1 : len(below) + 1] += below
    cumulated = folded.cumsum()
    return max(
        _quantile(folded, cumulated, 0.25) / 0.3186,
        min(_quantile(folded, cumulated, 0.5) / 0.6745, _CUT_OFF_NOISE),
    )


def _quantile(counts: NDArray[np.float64], cumulated: NDArray[np.float64], share: float) -> float:
    """Return a quantile of counted levels, those within a level spread evenly over it."""
    wanted = share * cumulated[-1]
    level = int(cumulated.searchsorted(wanted))
    inside = (wanted - (cumulated[level] - counts[level])) / counts[level]
    return max(0.0, level - 0.5 + float(inside)) if level else 0.0
