"""Flows from one digit to another of its class: how else a hand could have written it.

After Hauberg et al., "Dreaming more data" (2016): a digit that is bent a part of the way towards
another of its class is again a digit of that class, and varies as the class does. Flows are found
by demons (Thirion, 1998), coarse to fine, for the nearest partners of each digit only.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_api.training.dataset import Images, Labels, to_pictures

Floats = NDArray[np.float32]

_SIDE = 28
_AXIS = np.arange(_SIDE, dtype=np.float32)
_ROW, _COLUMN = np.meshgrid(_AXIS, _AXIS, indexing="ij")
# Few enough for the arrays of a step to stay in the second-level cache.
_BATCH = 50


@dataclass(frozen=True)
class Morphing:
    """How digits are registered with each other, and how often and far they are morphed."""

    share: float = 0.5
    partners: int = 8
    sigmas: tuple[float, ...] = (3.0, 2.0, 1.2)
    steps: int = 30
    """Of each sigma."""
    smooth_force: float = 1.0
    smooth_flow: float = 0.85
    worst_residual: float = 0.35
    """Of the difference before: a flow that leaves more is no flow between these two."""


@dataclass(frozen=True)
class Flows:
    """Displacements, float32 (m, 28, 28, 2) in pixels, and which digit each bends towards which."""

    flows: Floats
    sources: NDArray[np.intp]
    partners: NDArray[np.intp]

    def of(self, digit: int) -> Floats:
        """Return a digit's flows, float32 (k, 28, 28, 2)."""
        # `sources` is sorted, so this is a view.
        first, last = np.searchsorted(self.sources, [digit, digit + 1])
        return self.flows[first:last]

    def inside(self, digits: NDArray[np.intp]) -> "Flows":
        """Return the flows between some digits (sorted), which are numbered anew.

        A fold's flows are those whose both ends lie inside it: nothing is registered again, and
        nothing of the digits outside is left.
        """
        within = np.isin(self.sources, digits) & np.isin(self.partners, digits)
        return Flows(
            self.flows[within],
            np.searchsorted(digits, self.sources[within]),
            np.searchsorted(digits, self.partners[within]),
        )


def find_flows(images: Images, labels: Labels, morphing: Morphing) -> Flows:
    """Register each digit, uint8 (n, 28, 28), with its nearest partners of the same class."""
    pictures = to_pictures(images)
    pairs = _partners(pictures, labels, morphing.partners)
    parts = [pairs[start : start + _BATCH] for start in range(0, len(pairs), _BATCH)]
    with ProcessPoolExecutor(2) as pool:
        found = list(
            pool.map(
                register,
                [pictures[part[:, 0]] for part in parts],
                [pictures[part[:, 1]] for part in parts],
                [morphing] * len(parts),
            )
        )
    flows = np.concatenate([flow for flow, _ in found])
    good = np.concatenate([residual for _, residual in found]) < morphing.worst_residual
    return Flows(flows[good], pairs[good, 0], pairs[good, 1])


def _partners(pictures: Floats, labels: Labels, count: int) -> NDArray[np.intp]:
    """Return pairs (m, 2) of each digit with the nearest of its class, by blurred pictures."""
    blurred = _blurred(pictures, 1.2).reshape(len(pictures), -1)
    squares = np.square(blurred).sum(axis=1)
    apart = squares[:, None] + squares - 2 * blurred @ blurred.T
    apart[labels[:, None] != labels] = np.inf
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=1, kind="stable")[:, :count]
    pairs = np.stack([np.repeat(np.arange(len(labels)), nearest.shape[1]), nearest.ravel()], axis=1)
    met: NDArray[np.intp] = pairs[np.isfinite(apart[pairs[:, 0], pairs[:, 1]])]
    return met


def register(moving: Floats, fixed: Floats, morphing: Morphing) -> tuple[Floats, Floats]:
    """Find flows under which `moving`, sampled at x + flow(x), looks like `fixed`.

    Args:
        moving: float32 (n, 28, 28) in 0 to 1.
        fixed: the same.
        morphing: the schedule.

    Returns:
        Flows float32 (n, 28, 28, 2), and the share of the difference that each leaves, (n,).
    """
    flow = np.zeros((len(moving), 2, _SIDE, _SIDE), np.float32)
    for sigma in morphing.sigmas:
        source, target = _blurred(moving, sigma), _blurred(fixed, sigma)
        for _ in range(morphing.steps):
            warped = _sampled(source, flow)
            force = _force(warped, target)
            flow = _blurred(flow + _blurred(force, morphing.smooth_force), morphing.smooth_flow)
    left = np.abs(_sampled(source, flow) - target).sum(axis=(1, 2))
    before = np.abs(source - target).sum(axis=(1, 2))
    residual = left / np.maximum(before, 1e-6)
    return np.moveaxis(flow, 1, -1).copy(), residual.astype(np.float32)


def _force(warped: Floats, target: Floats) -> Floats:
    """Return how far each pixel wants to go, at most half a pixel: (n, 2, 28, 28)."""
    off = target - warped
    slope = np.zeros((len(warped), 2, _SIDE, _SIDE), np.float32)
    slope[:, 0, 1:-1] = (warped[:, 2:] - warped[:, :-2]) / 2
    slope[:, 1, :, 1:-1] = (warped[:, :, 2:] - warped[:, :, :-2]) / 2
    steepness = np.square(slope).sum(axis=1) + np.square(off) + np.float32(1e-6)
    force: Floats = slope * (off / steepness)[:, None]
    return force


def _sampled(pictures: Floats, flow: Floats) -> Floats:
    """Return each picture (n, 28, 28) at x + flow(x), between pixels linearly."""
    rows = np.clip(_ROW + flow[:, 0], 0, _SIDE - 1.001)
    columns = np.clip(_COLUMN + flow[:, 1], 0, _SIDE - 1.001)
    row, column = rows.astype(np.intp), columns.astype(np.intp)
    down, right = rows - row, columns - column
    flat = pictures.ravel()
    at = (np.arange(len(pictures)) * _SIDE * _SIDE)[:, None, None] + row * _SIDE + column
    above = flat.take(at) * (1 - right) + flat.take(at + 1) * right
    below = flat.take(at + _SIDE) * (1 - right) + flat.take(at + _SIDE + 1) * right
    between: Floats = (above * (1 - down) + below * down).astype(np.float32)
    return between


def _blurred(pictures: Floats, sigma: float) -> Floats:
    """Blur the last two axes by a Gaussian, as two matrix products; edges repeat."""
    apart = _AXIS[:, None] - np.arange(-_SIDE, 2 * _SIDE)
    weights = np.exp(-(apart**2) / (2 * sigma**2))
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = weights[:, _SIDE : 2 * _SIDE].copy()
    matrix[:, 0] += weights[:, :_SIDE].sum(axis=1)
    matrix[:, -1] += weights[:, 2 * _SIDE :].sum(axis=1)
    kernel = matrix.astype(np.float32)
    blurred: Floats = np.matmul(np.matmul(kernel, pictures), kernel.T)
    return blurred
