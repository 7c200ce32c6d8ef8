"""The paper behind the ink: its shade, and the light that falls on it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mnist_api.imaging.light import EVEN_PAPER, Light, uneven_light

Grey = NDArray[np.uint8]

# Grey levels of 255 between darker and lighter stretches of the border. Noise of sigma 25 makes 10.
_UNEVEN = 16
# Paper is what has the border's shade within this, if it is so large a share of the picture.
_SAME_SHADE = 10
_LEAST_PAPER = 0.2


def border(grey: Grey) -> Grey:
    """Return the outermost pixels, clockwise."""
    return grey.take(_border_places(*grey.shape))


@lru_cache(maxsize=64)
def _border_places(height: int, width: int) -> NDArray[np.intp]:
    places = np.arange(height * width).reshape(height, width)
    return np.concatenate([places[0], places[1:-1, -1], places[-1, ::-1], places[-2:0:-1, 0]])


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
    # Under a lamp above its middle a sheet is even along its border, and darker than inside.
    inside = _median(grey[::3, ::3].ravel())
    if shade is None or is_uneven(ring) or abs(inside - shade) > _UNEVEN:
        light = uneven_light(grey)
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
    median = int(ring[0]) if is_of_one_shade(ring) else _median(ring)
    if _has_shade(grey, median):
        return median
    commonest = int(np.bincount(ring >> 4, minlength=16).argmax())
    mode = _median(ring[ring >> 4 == commonest])
    return mode if _has_shade(grey, mode) else None


def is_of_one_shade(ring: Grey) -> bool:
    """Tell whether all pixels are equal, as those along the border of a clean drawing are."""
    shades = ring.tobytes()
    return shades.count(shades[0]) == len(shades)


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
    if is_of_one_shade(ring):
        return False
    eighth = max(1, len(ring) // 8)
    stretches = np.sort(ring[: 8 * eighth].reshape(-1, eighth), axis=1)[:, eighth // 2]
    stretches.sort()
    return len(stretches) == 8 and int(stretches[5]) - int(stretches[2]) > _UNEVEN
