"""The networks, as Keras graphs that end in logits."""

import keras
import numpy as np
from keras import KerasTensor, layers
from numpy.typing import NDArray

FEATURES = "features"
"""The layer up to which a network has no weights to train, where it has such a beginning."""

_LEAST = float(np.cos(np.pi / 4))
"""A slope counts for a direction as its cosine exceeds that of the neighbouring direction."""
_EPSILON = 1e-5
"""Keeps roots from being steep at 0: with 1e-6 LiteRT and Keras differ by 5e-5."""


def cnn(width: int, dropout: float, momentum: float) -> keras.Model:
    """Return a network of five small convolutions, two of which halve the picture by their stride.

    PERF: no pooling and no hidden dense layer. Of half the CNN of 2018 it needs 44 % of the
    arithmetic and a sixth of the weights, and taught by the same recipe it reads as well.
    """
    inputs = layers.Input((28, 28))
    x = layers.Reshape((28, 28, 1))(inputs)
    for filters, strides in ((1, 1), (2, 2), (2, 1), (4, 2), (4, 1)):
        x = layers.Conv2D(filters * width, 3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=momentum, scale=False)(x))
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10)(x), name="cnn")


def mlp(width: int, dropout: float, momentum: float) -> keras.Model:
    """Return a network of two hidden layers on oriented gradients, which are part of the graph."""
    inputs = layers.Input((28, 28))
    x = _oriented_gradients(layers.Reshape((28, 28, 1))(inputs))
    for _ in range(2):
        x = layers.Dense(width, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=momentum, scale=False)(x))
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="mlp")


def _oriented_gradients(picture: KerasTensor) -> KerasTensor:
    """Return 7x7 overlapping cells of eight directions each, (n, 392), with nothing to learn.

    As `mnist_api.models.hog`, but with layers that LiteRT computes fast: at every other pixel, and
    without deskewing.
    """
    slopes = _fixed(
        layers.Conv2D(8, 4, strides=2, padding="same", use_bias=False), picture, _directions()
    )
    # The squares of eight slopes add up to four times the square of the steepest. PERF: as a 1x1
    # convolution to eight equal channels, since broadcasting one channel costs LiteRT more.
    squares = layers.Multiply()([slopes, slopes])
    steepest = _fixed(layers.Conv2D(8, 1, use_bias=False), squares, np.full((1, 1, 8, 8), 0.25))
    planes = layers.Subtract()([slopes, keras.ops.sqrt(steepest + _EPSILON) * _LEAST])
    pooling = layers.DepthwiseConv2D(4, strides=2, padding="same", use_bias=False)
    cells = _fixed(pooling, layers.ReLU()(planes), _triangles())
    roots = keras.ops.sqrt(layers.Flatten()(cells) + _EPSILON)
    norm = keras.ops.sqrt(keras.ops.sum(roots * roots, axis=1, keepdims=True))
    # Features of about 1 each, which is what the first layer's initial weights expect.
    return layers.Rescaling(20.0, name=FEATURES)(roots / norm)


def _fixed(layer: layers.Layer, x: KerasTensor, kernel: NDArray[np.float64]) -> KerasTensor:
    layer.trainable = False
    y = layer(x)
    layer.set_weights([kernel])
    return y


def _directions() -> NDArray[np.float64]:
    """Return differences along each of eight directions, smooth across them."""
    angles = np.arange(8) * np.pi / 4
    across = np.outer([1, 3, 3, 1], [-1, -1, 1, 1]) / 16
    kernel = np.multiply.outer(across, np.cos(angles)) + np.multiply.outer(across.T, np.sin(angles))
    return kernel[:, :, None]


def _triangles() -> NDArray[np.float64]:
    side = np.array([0.25, 0.75, 0.75, 0.25])
    return np.repeat(np.outer(side, side)[:, :, None, None], 8, axis=2)


ARCHITECTURES = {"cnn": cnn, "mlp": mlp}
