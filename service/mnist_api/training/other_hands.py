"""scikit-learn's load_digits: 1,797 digits of other people, as the models would meet them.

`python -m mnist_api.training.other_hands FOLDER COUNT` writes some as `LABEL-NUMBER.png`.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from mnist_api.training.dataset import Images, Labels

_BOX = 20
_SIDE = 28


def other_hands() -> tuple[Images, Labels]:
    """Return the digits brought to what MNIST does: uint8 (n, 28, 28)."""
    pixels, labels = other_hands_as_they_come()
    return np.stack([as_mnist(digit) for digit in pixels]), labels


def other_hands_as_they_come() -> tuple[Images, Labels]:
    """Return the digits in their own few pixels: uint8 (n, 8, 8) of 17 levels."""
    small, labels = load_digits(return_X_y=True)
    pixels = np.rint(small.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    return pixels, labels.astype(np.uint8)


def as_mnist(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit a digit's ink into a box of 20x20 and centre it by mass in 28x28."""
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(ink.shape)
    width, height = (max(1, round(side * scale)) for side in ink.shape[::-1])
    resized = Image.fromarray(ink).resize((width, height), Image.Resampling.BICUBIC)
    large = np.asarray(resized)
    mass = float(large.sum(dtype=float))
    middle = [
        float(large.sum(axis=1 - axis, dtype=float) @ np.arange(side)) / mass
        for axis, side in enumerate(large.shape)
    ]
    top, left = (
        min(max(round(_SIDE / 2 - at), 0), _SIDE - side)
        for at, side in zip(middle, large.shape, strict=True)
    )
    picture = np.zeros((_SIDE, _SIDE), np.uint8)
    picture[top : top + height, left : left + width] = large
    return picture


if __name__ == "__main__":
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for number, (picture, label) in enumerate(zip(*other_hands(), strict=True)):
        if number < count:
            Image.fromarray(picture).save(folder / f"{label}-{number:04}.png")
