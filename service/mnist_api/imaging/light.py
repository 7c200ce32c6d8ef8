"""Light that falls unevenly on paper: finding it, and evening it out."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Paper under uneven light comes out at this shade everywhere.
EVEN_PAPER = 128
# The surface is fitted to the medians of so many blocks a side: a stroke seldom fills half a block.
_BLOCKS = 7
_ROUNDS = 5
# So much more of the picture must lie on a surface than in one shade. Light makes that 3 to 8
# times more; ink that crosses the border of a tight crop rather less than once.
_GAIN = 1.3
_ON_SURFACE = 6.0
# Paper differs from the surface by less than this share of it.
_PAPER_RATIO = 0.2
# Blocks that lie within this, or within twice the median, of the surface's logarithm are paper.
_FIT = 0.02
# The logarithm of 255, nearly; beyond, a surface has left the blocks that it was fitted to.
_BRIGHTEST = 6.0
# What is darker than this is too dark to tell how much light fell on it.
_DARK = 16.0


def whole(grey: Grey) -> tuple[slice, slice]:
    """Return all rows and all columns."""
    return slice(0, grey.shape[0]), slice(0, grey.shape[1])


@dataclass(frozen=True, slots=True)
class Light:
    """How bright the paper is in each place: e to a quadratic surface, corrected by blocks.

    A lamp near the sheet makes no quadratic surface, but near enough for blocks of paper to be told
    from blocks of ink and table; between the blocks of paper their ratios to it are interpolated.
    """

    coefficients: Floats
    shape: tuple[int, int]
    correction: Floats | None = None

    def even_out(self, pixels: Grey, rows: slice, columns: slice) -> Grey:
        """Return a part of the picture, at any resolution, as if light fell evenly on it.

        What ink leaves of the light is a share of it, so distances from the paper are divided by
        the paper's brightness.

        Args:
            pixels: the part, uint8 (h, w).
            rows: where the part lies on the grid that the surface was fitted on.
            columns: the same, across.
        """
        paper = np.maximum(self.over(rows, columns, pixels.shape), _DARK)
        depth = pixels / paper - 1
        scale = (EVEN_PAPER - 1) / max(1.0, float(depth.max()))
        return (depth * scale + EVEN_PAPER).astype(np.uint8)

    def over(self, rows: slice, columns: slice, shape: tuple[int, ...]) -> Floats:
        """Return the paper's brightness over a part, float32 (h, w)."""
        y = _positions(rows, self.shape[0], shape[0])[:, np.newaxis]
        x = _positions(columns, self.shape[1], shape[1])
        one, across, down, across2, both, down2 = self.coefficients
        logarithm = ((across2 * x + across) * x + one) + (down2 * y + down) * y + (both * y) * x
        surface: Floats = np.exp(np.clip(logarithm, 0, _BRIGHTEST))
        if self.correction is not None:
            surface *= _between_blocks(y) @ self.correction @ _between_blocks(x.T).T
        return surface


def uneven_light(grey: Grey) -> Light | None:
    """Find the light on a picture, uint8 (h, w).

    Returns:
        None where one shade explains the picture about as well: the border is uneven by its ink.
    """
    if min(grey.shape) < 2 * _BLOCKS:
        return None
    medians = np.log(np.maximum(_block_medians(grey), _DARK))
    terms = _block_terms(*grey.shape)
    # The inner blocks know nothing of a table around the sheet, the outer ones little of the digit.
    inner = _inner_blocks()
    sample = grey[::2, ::2]
    best, most = None, 0
    for start in (np.ones_like(inner), inner, ~inner):
        light = Light(_fit(medians, terms, start), grey.shape)
        distance = np.abs(sample - light.over(*whole(grey), sample.shape))
        on_surface = int((distance < _ON_SURFACE).sum())
        if on_surface > most:
            best, most = light, on_surface
    if best is None or most <= _GAIN * _in_one_shade(sample):
        return None
    ratios = np.exp(medians - best.coefficients @ terms)
    return Light(best.coefficients, best.shape, _correction(ratios))


def _correction(ratios: Floats) -> Floats:
    """Return the ratios of blocks of paper, and between neighbours' where there is ink or table."""
    grid = ratios.reshape(_BLOCKS, _BLOCKS)
    paper = np.abs(grid - 1) < _PAPER_RATIO
    known = np.pad(np.where(paper, grid, 0), 1)
    count = np.pad(paper.astype(np.float32), 1)
    sums, counts = (
        sum(a[y : y + _BLOCKS, x : x + _BLOCKS] for y in range(3) for x in range(3))
        for a in (known, count)
    )
    return np.where(paper, grid, np.where(counts > 0, sums / np.maximum(counts, 1), 1))


def _between_blocks(positions: Floats) -> Floats:
    """Return the weights of linear interpolation between the blocks' middles, float32 (n, 7)."""
    at = np.clip((positions.reshape(-1, 1) + 1) * (_BLOCKS / 2) - 0.5, 0, _BLOCKS - 1)
    weights: Floats = np.maximum(1 - np.abs(at - np.arange(_BLOCKS, dtype=np.float32)), 0)
    return weights


def _in_one_shade(grey: Grey) -> int:
    """Return how many pixels at most lie within so narrow a range as around a surface."""
    counts = np.bincount(grey.ravel(), minlength=256)
    cumulated = np.concatenate([np.zeros(1, np.intp), counts.cumsum()])
    width = 2 * int(_ON_SURFACE)
    return int((cumulated[width:] - cumulated[:-width]).max())


def _fit(medians: Floats, terms: Floats, start: NDArray[np.bool_]) -> Floats:
    """Fit a surface to most blocks; each round leaves out more of what is not paper."""
    near = start
    for _ in range(_ROUNDS):
        weighted = terms * near
        fitted = np.linalg.solve(weighted @ terms.T + _RIDGE, weighted @ medians)
        distance = np.abs(medians - fitted @ terms)
        middle = float(np.partition(distance, len(distance) // 2)[len(distance) // 2])
        near = distance <= 2.0 * middle + _FIT
    return fitted


_RIDGE = np.eye(6, dtype=np.float32) * 1e-3


def _block_medians(grey: Grey) -> Floats:
    height, width = (side // _BLOCKS for side in grey.shape)
    blocks = grey[: _BLOCKS * height, : _BLOCKS * width].reshape(_BLOCKS, height, _BLOCKS, width)
    flat = blocks.swapaxes(1, 2).reshape(_BLOCKS**2, height * width)
    middle = height * width // 2
    return np.partition(flat, middle, axis=1)[:, middle].astype(np.float32)


@lru_cache(maxsize=64)
def _block_terms(height: int, width: int) -> Floats:
    covered = [slice(0, side // _BLOCKS * _BLOCKS) for side in (height, width)]
    y, x = (_positions(c, s, _BLOCKS) for c, s in zip(covered, (height, width), strict=True))
    return _terms(y, x)


def _inner_blocks() -> NDArray[np.bool_]:
    inner = np.zeros((_BLOCKS, _BLOCKS), bool)
    inner[1:-1, 1:-1] = True
    return inner.ravel()


def _positions(span: slice, side: int, count: int) -> Floats:
    """Return the middles of so many equal parts of a span, -1 to 1 over the whole side."""
    middles = span.start + (np.arange(count, dtype=np.float32) + 0.5) * (
        (span.stop - span.start) / count
    )
    positions: Floats = (middles * (2 / side) - 1).astype(np.float32)
    return positions


def _terms(y: Floats, x: Floats) -> Floats:
    """Return 1, x, y, x^2, xy, y^2 at all crossings, float32 (6, len(y) * len(x))."""
    down, across = (axis.ravel() for axis in np.meshgrid(y, x, indexing="ij"))
    return np.stack([np.ones_like(down), across, down, across * across, across * down, down * down])
