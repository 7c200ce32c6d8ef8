"""The paper behind the ink: its shade, and the light that falls on it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Grey levels of 255 between darker and lighter stretches of the border. Noise of sigma 25 makes 10.
_UNEVEN = 16
# Paper is what has the border's shade within this, if it is so large a share of the picture.
_SAME_SHADE = 10
_LEAST_PAPER = 0.2
# Paper under uneven light comes out at this shade everywhere.
EVEN_PAPER = 128
# The surface is fitted to the medians of so many blocks a side: a stroke seldom fills half a block.
_BLOCKS = 7
_ROUNDS = 5
# So much more of the picture must lie on a surface than in one shade. Light makes that 3 to 8
# times more; ink that crosses the border of a tight crop rather less than once.
_GAIN = 1.3
_ON_SURFACE = 6.0
# What is darker than this is too dark to tell how much light fell on it.
_DARK = 16.0


def border(grey: Grey) -> Grey:
    """Return the outermost pixels, clockwise."""
    return np.concatenate([grey[0], grey[1:-1, -1], grey[-1, ::-1], grey[-2:0:-1, 0]])


def whole(grey: Grey) -> tuple[slice, slice]:
    """Return all rows and all columns."""
    return slice(0, grey.shape[0]), slice(0, grey.shape[1])


@dataclass(frozen=True, slots=True)
class Light:
    """How bright the paper is in each place: a quadratic surface over the picture."""

    coefficients: Floats
    shape: tuple[int, int]

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
        surface: Floats = (
            ((across2 * x + across) * x + one) + (down2 * y + down) * y + (both * y) * x
        )
        return surface


@dataclass(frozen=True, slots=True)
class Paper:
    """What the ink is on."""

    shade: int
    light: Light | None = None
    """None where light is even, as in nearly all pictures."""

    def under_even_light(self, pixels: Grey, rows: slice, columns: slice) -> Grey:
        """Return a part of the picture with its paper in one shade; see `Light.even_out`."""
        return self.light.even_out(pixels, rows, columns) if self.light else pixels


def find_paper(grey: Grey) -> Paper:
    """Find the paper of a picture, uint8 (h, w)."""
    ring = border(grey)
    shade = _shade(grey, ring)
    if shade is None or is_uneven(ring):
        light = _uneven_light(grey)
        if light:
            return Paper(EVEN_PAPER, light)
    return Paper(_median(grey.ravel()) if shade is None else shade)


def shade_of_paper(grey: Grey) -> int:
    """Return the grey value of paper under even light."""
    shade = _shade(grey, border(grey))
    return _median(grey.ravel()) if shade is None else shade


def _shade(grey: Grey, ring: Grey) -> int | None:
    """Return the border's shade, if the picture has enough of it for it to be the paper's.

    The median is exact under noise. In a tight crop it may fall on the flank of a stroke; the
    commonest shade then tells.
    """
    median = _median(ring)
    if _has_shade(grey, median):
        return median
    commonest = int(np.bincount(ring >> 4, minlength=16).argmax())
    mode = _median(ring[ring >> 4 == commonest])
    return mode if _has_shade(grey, mode) else None


def _median(values: Grey) -> int:
    middle = len(values) // 2
    return int(np.partition(values, middle)[middle])


def _has_shade(grey: Grey, shade: int) -> bool:
    low, high = max(0, shade - _SAME_SHADE), min(255, shade + _SAME_SHADE)
    near = (grey >= low) & (grey <= high)
    return int(np.count_nonzero(near)) >= _LEAST_PAPER * grey.size


def is_uneven(ring: Grey) -> bool:
    """Tell whether light may fall unevenly on the paper, from the border in order.

    The border is cut into eighths; the medians of the middle four tell. Ink that meets the edge,
    like the bar of a 7 in a tight crop, fills two of them at most; light changes all.
    """
    eighth = max(1, len(ring) // 8)
    stretches = np.sort(ring[: 8 * eighth].reshape(-1, eighth), axis=1)[:, eighth // 2]
    stretches.sort()
    return len(stretches) == 8 and int(stretches[5]) - int(stretches[2]) > _UNEVEN


def _uneven_light(grey: Grey) -> Light | None:
    """Find the light on a picture, uint8 (h, w).

    Returns:
        None where one shade explains the picture about as well: the border is uneven by its ink.
    """
    if min(grey.shape) < 2 * _BLOCKS:
        return None
    medians = _block_medians(grey)
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
    return best if most > _GAIN * _in_one_shade(sample) else None


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
        near = distance <= 2.0 * np.partition(distance, len(distance) // 2)[len(distance) // 2] + 1
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
