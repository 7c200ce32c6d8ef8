"""New digits from old: the variation of hands, not of cameras.

A digit may get a stroke that others write, is moved by one smooth map (affine, elastic and a part
of the way towards another digit of its class), and its strokes are made thicker or thinner.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import grey_dilation, grey_erosion, map_coordinates, zoom

from mnist_api.training.dataset import Images, Labels, to_pictures
from mnist_api.training.morph import Flows, Morphing
from mnist_api.training.styles import Styles

Floats = NDArray[np.float32]

_GRID = np.stack(np.meshgrid(np.arange(28.0), np.arange(28.0), indexing="ij"))
_CENTRE = 13.5
_CHUNK = 2000


@dataclass(frozen=True)
class Augmentation:
    """How far a digit may be changed. Angles in degrees, lengths in pixels."""

    untouched: float = 0.05
    rotation: float = 20.0
    log_scale: float = 0.16
    log_aspect: float = 0.16
    shear: float = 0.35
    translation: float = 1.5
    elastic: float = 0.85
    elastic_grid: tuple[int, int] = (4, 7)
    stroke: float = 0.6
    styles: Styles = field(default_factory=Styles)
    morphing: Morphing = field(default_factory=Morphing)

    def apply(self, image: Floats, label: int, flows: Floats, rng: np.random.Generator) -> Floats:
        """Return a variation of a picture.

        Args:
            image: float32 (28, 28) in 0 to 1.
            label: its class.
            flows: towards others of its class, float32 (m, 28, 28, 2); m may be 0.
            rng: decides.
        """
        if rng.random() < self.untouched:
            return image
        image = self.styles.apply(image, label, rng)
        where = self._affine(rng) + self._elastic(rng)
        if len(flows) and rng.random() < self.morphing.share:
            flow = flows[rng.integers(len(flows))]
            where = where + rng.random() * _flow_at(flow, where)
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
        spread = _spread(grid)
        bent: NDArray[np.float64] = spread @ knots @ spread.T
        return bent

    @staticmethod
    def _stroked(image: Floats, rng: np.random.Generator) -> Floats:
        grow = grey_dilation if rng.random() < 0.5 else grey_erosion
        share = rng.random()
        stroked = (1 - share) * image + share * grow(image, (3, 3))
        peak = stroked.max()
        return stroked * (image.max() / peak) if peak > 1e-3 else image


@lru_cache(maxsize=8)
def _spread(grid: int) -> NDArray[np.float64]:
    """Return cubic interpolation from some knots to 28 pixels as a matrix: ten times as fast."""
    return np.stack([zoom(knot, 28 / grid, order=3) for knot in np.eye(grid)], axis=1)


def _flow_at(flow: Floats, where: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a flow (28, 28, 2) at any points (2, 28, 28), between pixels linearly."""
    inside = np.clip(where, 0, 26.999)
    corner = inside.astype(np.intp)
    down, right = (inside - corner)[..., None]
    at = corner[0] * 28 + corner[1]
    flat = flow.reshape(-1, 2)
    above = flat[at] * (1 - right) + flat[at + 1] * right
    below = flat[at + 28] * (1 - right) + flat[at + 29] * right
    return np.moveaxis(above * (1 - down) + below * down, -1, 0)


def augmented(
    images: Images,
    labels: Labels,
    flows: Flows,
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
            [flows] * len(starts),
            [indices[start : start + _CHUNK] for start in starts],
            [augmentation] * len(starts),
            [(seed, start) for start in starts],
        )
        # Put into its place as it comes: all chunks and their whole would be twice the memory.
        made = np.empty((len(indices), *images.shape[1:]), np.float32)
        for start, chunk in zip(starts, chunks, strict=True):
            made[start : start + len(chunk)] = chunk
        return made


def _augmented_chunk(
    images: Images,
    labels: Labels,
    flows: Flows,
    indices: NDArray[np.intp],
    augmentation: Augmentation,
    seed: tuple[int, int],
) -> Floats:
    rng = np.random.default_rng(seed)
    scaled = to_pictures(images)
    made = [
        augmentation.apply(scaled[index], int(labels[index]), flows.of(index), rng)
        for index in indices
    ]
    return np.stack(made).astype(np.float32)
