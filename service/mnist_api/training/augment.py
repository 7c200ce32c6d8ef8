"""New digits from old: the variation of hands, not of cameras.

A digit may get a stroke that others write, is moved by one smooth map (affine and elastic), and its
strokes are made thicker or thinner.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import grey_dilation, grey_erosion, map_coordinates, zoom

from mnist_api.training.dataset import Images, Labels
from mnist_api.training.styles import Styles

Floats = NDArray[np.float32]

_GRID = np.stack(np.meshgrid(np.arange(28.0), np.arange(28.0), indexing="ij"))
_CENTRE = 13.5
_CHUNK = 2000


@dataclass(frozen=True)
class Augmentation:
    """How far a digit may be changed. Angles in degrees, lengths in pixels."""

    untouched: float = 0.05
    rotation: float = 15.0
    log_scale: float = 0.12
    log_aspect: float = 0.12
    shear: float = 0.25
    translation: float = 1.0
    elastic: float = 1.2
    elastic_grid: tuple[int, int] = (4, 7)
    stroke: float = 0.6
    styles: Styles = field(default_factory=Styles)

    def apply(self, image: Floats, label: int, rng: np.random.Generator) -> Floats:
        """Return a variation of a picture, float32 (28, 28) in 0 to 1."""
        if rng.random() < self.untouched:
            return image
        image = self.styles.apply(image, label, rng)
        where = self._affine(rng) + self._elastic(rng)
        moved = np.clip(map_coordinates(image, where, order=3), 0, 1)
        return self._stroked(moved, rng) if rng.random() < self.stroke else moved

    def _affine(self, rng: np.random.Generator) -> NDArray[np.float64]:
        angle = np.deg2rad(rng.uniform(-self.rotation, self.rotation))
        scale = np.exp(rng.uniform(-self.log_scale, self.log_scale))
        aspect = np.exp(rng.uniform(-self.log_aspect, self.log_aspect))
        sine, cosine = np.sin(angle), np.cos(angle)
        matrix = (
            np.array([[cosine, -sine], [sine, cosine]])
            @ np.array([[1, rng.uniform(-self.shear, self.shear)], [0, 1]])
            @ np.diag([scale * aspect, scale / aspect])
        )
        shift = rng.uniform(-self.translation, self.translation, 2)
        centred = np.tensordot(matrix, _GRID - _CENTRE, 1)
        moved: NDArray[np.float64] = centred + _CENTRE + shift[:, None, None]
        return moved

    def _elastic(self, rng: np.random.Generator) -> NDArray[np.float64]:
        low, high = self.elastic_grid
        grid = int(rng.integers(low, high + 1))
        amplitude = self.elastic * abs(rng.uniform(-1, 1)) * 5 / grid
        knots = rng.normal(0, amplitude, (2, grid, grid))
        return np.stack([zoom(axis, 28 / grid, order=3) for axis in knots])

    @staticmethod
    def _stroked(image: Floats, rng: np.random.Generator) -> Floats:
        grow = grey_dilation if rng.random() < 0.5 else grey_erosion
        share = rng.random()
        stroked = (1 - share) * image + share * grow(image, (3, 3))
        peak = stroked.max()
        return stroked * (image.max() / peak) if peak > 1e-3 else image


def augmented(
    images: Images,
    labels: Labels,
    indices: NDArray[np.intp],
    augmentation: Augmentation,
    seed: int,
) -> Floats:
    """Return one variation of each indexed image, float32 (n, 28, 28) in 0 to 1.

    Chunks have seeds of their own, so that the result does not depend on the number of processes.
    """
    starts = range(0, len(indices), _CHUNK)
    with ProcessPoolExecutor(2) as pool:
        chunks = pool.map(
            _augmented_chunk,
            [images] * len(starts),
            [labels] * len(starts),
            [indices[start : start + _CHUNK] for start in starts],
            [augmentation] * len(starts),
            [(seed, start) for start in starts],
        )
        return np.concatenate(list(chunks))


def _augmented_chunk(
    images: Images,
    labels: Labels,
    indices: NDArray[np.intp],
    augmentation: Augmentation,
    seed: tuple[int, int],
) -> Floats:
    rng = np.random.default_rng(seed)
    scaled = images.astype(np.float32) / np.float32(255)
    made = [augmentation.apply(scaled[index], int(labels[index]), rng) for index in indices]
    return np.stack(made).astype(np.float32)
