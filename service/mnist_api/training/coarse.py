"""Pictures of few pixels: what a small image shows of a digit once it is enlarged."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

_SIDE = 28
# A digit is 20 pixels high: 7 to 13 are left of them.
_FEWEST, _MOST = 10, 18


def coarsened(pictures: Floats, share: float, seed: int) -> Floats:
    """Return pictures of which some are reduced to 10 to 18 pixels a side and enlarged again.

    Args:
        pictures: float32 (n, 28, 28) in 0 to 1; stay as they are.
        share: how many, of 1.
        seed: decides which, and how far.
    """
    rng = np.random.default_rng(seed)
    chosen = np.flatnonzero(rng.random(len(pictures)) < share)
    sides = rng.integers(_FEWEST, _MOST + 1, len(chosen))
    made = pictures.copy()
    for side in range(_FEWEST, _MOST + 1):
        blur = _blur(side)
        at = chosen[sides == side]
        made[at] = np.clip(blur @ made[at] @ blur.T, 0, 1)
    return made


def _blur(side: int) -> Floats:
    """Return reducing 28 lines to so many and enlarging them again as a matrix, (28, 28)."""
    reduce = _resampling(_SIDE, side, Image.Resampling.BOX)
    enlarge = _resampling(side, _SIDE, Image.Resampling.BICUBIC)
    blur: Floats = enlarge @ reduce
    return blur


def _resampling(before: int, after: int, how: Image.Resampling) -> Floats:
    columns = Image.fromarray(np.eye(before, dtype=np.float32)).resize((before, after), how)
    return np.asarray(columns)
