"""Oriented gradients of a digit as layers that LiteRT computes fast, with nothing to learn.

PERF: shapes are changed by `keras.ops.reshape` and not by layers, which leave it to LiteRT to
find the size of the batch: in four operations, and on its slow path.

After Dalal and Triggs (2005), with what helps digits: signed directions, cells that overlap as
triangles, a square root before the norm, and, where asked for, no slant.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import KerasTensor, layers
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SIDE = 28
_LEAST = float(np.cos(np.pi / 4))
"""A slope counts for a direction as its cosine exceeds that of the neighbouring direction."""
_EPSILON = 1e-5
"""Keeps roots from being steep at 0: with 1e-6 LiteRT and Keras differ by 5e-5."""
# Half a side: the top row of a slant of 1 moves as far.
_PAD = _SIDE // 2
_AXIS: Array = np.arange(_SIDE, dtype=np.float64) - (_SIDE - 1) / 2
_ONES: Array = np.ones(_SIDE)


@dataclass(frozen=True)
class Grid:
    """How slopes are taken and where they are gathered."""

    along: tuple[float, ...]
    """The difference of neighbours in one direction."""
    across: tuple[float, ...]
    """How much neighbours in the other direction count."""
    stride: int
    """From one slope to the next, in pixels."""
    pitch: int
    """From one cell to the next, in slopes; a cell reaches as far on both sides."""

    @property
    def cells(self) -> int:
        """How many cells there are in a row."""
        return -(-_SIDE // (self.stride * self.pitch))


COARSE = Grid(along=(-0.25, -0.25, 0.25, 0.25), across=(0.25, 0.75, 0.75, 0.25), stride=2, pitch=2)
"""7x7 cells at every other pixel: 392 features in 5 us."""
FINE = Grid(along=(-0.5, 0.0, 0.5), across=(0.0, 1.0, 0.0), stride=1, pitch=5)
"""6x6 cells at every pixel: 288 features in four times as long."""


def oriented_gradients(picture: KerasTensor, grid: Grid) -> KerasTensor:
    """Return overlapping cells of eight directions each, (n, cells^2 * 8), of (n, 28, 28).

    Rows are of length 1.
    """
    picture = keras.ops.reshape(picture, (-1, _SIDE, _SIDE, 1))
    size = len(grid.along)
    differences = layers.Conv2D(8, size, strides=grid.stride, padding="same", use_bias=False)
    slopes = _fixed(differences, picture, _directions(grid))
    # The squares of eight slopes add up to four times the square of the steepest. PERF: as a 1x1
    # convolution to eight equal channels, since broadcasting one channel costs LiteRT more.
    squares = layers.Multiply()([slopes, slopes])
    steepest = _fixed(layers.Conv2D(8, 1, use_bias=False), squares, np.full((1, 1, 8, 8), 0.25))
    planes = layers.Subtract()([slopes, keras.ops.sqrt(steepest + _EPSILON) * _LEAST])
    pooling = layers.DepthwiseConv2D(
        2 * grid.pitch, strides=grid.pitch, padding="same", use_bias=False
    )
    cells = _fixed(pooling, layers.ReLU()(planes), _triangles(grid))
    flat = keras.ops.reshape(cells, (-1, grid.cells**2 * 8))
    roots = keras.ops.sqrt(flat + _EPSILON)
    norm = keras.ops.sqrt(keras.ops.sum(roots * roots, axis=1, keepdims=True))
    return roots / norm


def upright(picture: KerasTensor) -> KerasTensor:
    """Return pictures (n, 28, 28) whose rows moved sideways until the ink has no slant.

    The ink's middle is taken to be the picture's, where the normaliser put it.
    """
    # Along rows first, then down them: sums of 28 products keep what sums of 784 round away.
    slant = _moment(picture, _AXIS, _AXIS) / (_moment(picture, _ONES, _AXIS**2) + _EPSILON)
    # A slant is undone up to a tangent of 1: beyond, moments speak of a broken digit, not a hand.
    slant = keras.ops.clip(slant, -1.0, 1.0)
    pixels = _fixed(
        layers.Dense(_SIDE * _SIDE, use_bias=False), slant, np.repeat(_AXIS, _SIDE)[None]
    )
    return _Moved()(picture, keras.ops.reshape(pixels, (-1, _SIDE, _SIDE)))


def _moment(picture: KerasTensor, along: Array, down: Array) -> KerasTensor:
    rows = _fixed(layers.Dense(1, use_bias=False), picture, along[:, None])
    flat = keras.ops.reshape(rows, (-1, _SIDE))
    return _fixed(layers.Dense(1, use_bias=False), flat, down[:, None])


class _Moved(layers.Layer):  # type: ignore[misc]
    """Pictures (n, 28, 28) in which each pixel comes from so many to its right, (n, 28, 28).

    PERF: `keras.ops.take_along_axis` becomes 20 operations of LiteRT, which take 40 us.
    """

    def call(self, picture: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
        """Return them with what lies between two pixels on the line from one to the other."""
        padded = tf.pad(picture, ((0, 0), (0, 0), (_PAD, _PAD)))
        whole = tf.floor(pixels)
        before = tf.cast(whole + (np.arange(_SIDE, dtype=np.float32) + _PAD), tf.int32)
        here, there = (tf.gather(padded, before + step, batch_dims=2) for step in (0, 1))
        # The fraction of a number below 14: of one up to 56, its last bits would differ.
        return here + (there - here) * (pixels - whole)


def _fixed(layer: layers.Layer, x: KerasTensor, *weights: Array) -> KerasTensor:
    layer.trainable = False
    y = layer(x)
    layer.set_weights(weights)
    return y


def _directions(grid: Grid) -> Array:
    """Return differences along each of eight directions."""
    angles = np.arange(8) * np.pi / 4
    right = np.outer(grid.across, grid.along)
    kernel: Array
    kernel = np.multiply.outer(right, np.cos(angles)) + np.multiply.outer(right.T, np.sin(angles))
    return kernel[:, :, None]


def _triangles(grid: Grid) -> Array:
    side = 1 - np.abs(np.arange(2 * grid.pitch) - grid.pitch + 0.5) / grid.pitch
    return np.repeat(np.outer(side, side)[:, :, None, None], 8, axis=2)
