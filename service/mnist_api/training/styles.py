"""Ways of writing that 500 digits show too rarely: known to everyone who has seen handwriting.

Europeans cross their sevens and give ones a flag and a foot. Strokes are drawn onto a digit before
it is moved, so that they vary with it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Point = tuple[float, float]

_ROW, _COLUMN = np.meshgrid(np.arange(28.0), np.arange(28.0), indexing="ij")
_INKED = 0.3


@dataclass(frozen=True)
class Styles:
    """How often each stroke is added to a digit of its class."""

    crossed_seven: float = 0.3
    footed_one: float = 0.2
    flagged_one: float = 0.1
    flagged_footed_one: float = 0.5

    def apply(self, image: Floats, label: int, rng: np.random.Generator) -> Floats:
        """Return a picture, float32 (28, 28) in 0 to 1, perhaps with a stroke more."""
        if label == 7 and rng.random() < self.crossed_seven:
            return _crossed(image, rng)
        if label == 1:
            footed = rng.random() < self.footed_one
            flagged = rng.random() < (self.flagged_footed_one if footed else self.flagged_one)
            image = _footed(image, rng) if footed else image
            return _flagged(image, rng) if flagged else image
        return image


def _stroke(image: Floats, start: Point, end: Point, rng: np.random.Generator) -> Floats:
    """Add a straight stroke between two points (row, column), as thick as a pen's."""
    rows, columns = end[0] - start[0], end[1] - start[1]
    length = rows * rows + columns * columns + 1e-6
    along = ((_ROW - start[0]) * rows + (_COLUMN - start[1]) * columns) / length
    along = np.clip(along, 0, 1)
    distance = np.hypot(_ROW - start[0] - along * rows, _COLUMN - start[1] - along * columns)
    half = rng.uniform(0.6, 1.3)
    drawn: Floats = np.maximum(image, np.clip(half + 0.5 - distance, 0, 1)).astype(np.float32)
    return drawn


def _at_height(image: Floats, share: float) -> Point:
    """Return the middle of the ink in the row at a share of the digit's height."""
    inked = image > _INKED
    rows = np.flatnonzero(inked.any(axis=1))
    row = round(float(rows[0] + share * (rows[-1] - rows[0])))
    columns = np.flatnonzero(inked[row])
    if not len(columns):
        columns = np.flatnonzero(inked.any(axis=0))
    return float(row), float(columns.mean())


def _sideways(image: Floats, share: float, slope: float, rng: np.random.Generator) -> Floats:
    row, column = _at_height(image, share)
    left, right = rng.uniform(2.5, 5.5, 2)
    rise = rng.normal(0, slope)
    return _stroke(
        image, (row + rise * left, column - left), (row - rise * right, column + right), rng
    )


def _crossed(image: Floats, rng: np.random.Generator) -> Floats:
    return _sideways(image, rng.uniform(0.4, 0.62), 0.2, rng)


def _footed(image: Floats, rng: np.random.Generator) -> Floats:
    return _sideways(image, rng.uniform(0.94, 1.0), 0.12, rng)


def _flagged(image: Floats, rng: np.random.Generator) -> Floats:
    row, column = _at_height(image, rng.uniform(0.0, 0.05))
    angle, length = rng.uniform(0.5, 1.2), rng.uniform(3, 7)
    tip = (row + length * float(np.sin(angle)), column - length * float(np.cos(angle)))
    return _stroke(image, (row, column), tip, rng)
