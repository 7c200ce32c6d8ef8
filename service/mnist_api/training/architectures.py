"""The networks, as Keras graphs that end in logits."""

import keras
from keras import KerasTensor, layers

from mnist_api.training.gradients import COARSE, FINE, oriented_gradients, upright

FEATURES = "features"
"""The layer up to which a network has no weights to train, where it has such a beginning."""


def cnn(width: int, dropout: float, momentum: float) -> keras.Model:
    """Return a network of five small convolutions, two of which halve the picture by their stride.

    PERF: no pooling and no hidden dense layer. Of half the CNN of 2018 it needs 44 % of the
    arithmetic and a sixth of the weights, and taught by the same recipe it reads as well.
    """
    inputs = layers.Input((28, 28))
    x = keras.ops.reshape(inputs, (-1, 28, 28, 1))
    for filters, strides in ((1, 1), (2, 2), (2, 1), (4, 2), (4, 1)):
        x = layers.Conv2D(filters * width, 3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=momentum, scale=False)(x))
    x = layers.Dropout(dropout)(keras.ops.reshape(x, (-1, 7 * 7 * 4 * width)))
    return keras.Model(inputs, layers.Dense(10)(x), name="cnn")


def mlp(width: int, dropout: float, momentum: float) -> keras.Model:
    """Return a network of two hidden layers on oriented gradients, which are part of the graph."""
    inputs = layers.Input((28, 28))
    # Inputs of about 1 each, which is what a first layer's initial weights expect.
    x = layers.Rescaling(20.0, name=FEATURES)(oriented_gradients(inputs, COARSE))
    for _ in range(2):
        x = layers.Dense(width, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=momentum, scale=False)(x))
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="mlp")


def svm(dimensions: int, vectors: int) -> keras.Model:
    """Return RBF machines, one a class, on projected gradients of an upright digit.

    `exp(-|p - v|^2 / 2)` is `exp(p.v - |v|^2 / 2 - |p|^2 / 2)`: a dense layer, less what depends on
    the picture alone.
    """
    inputs = layers.Input((28, 28))
    projected = layers.Dense(dimensions)(seen_by_svm(inputs))
    length = keras.ops.sum(projected * projected, axis=1, keepdims=True)
    kernel = keras.ops.exp(layers.Dense(vectors)(projected) - 0.5 * length)
    return keras.Model(inputs, layers.Dense(10)(kernel), name="svm")


def seen_by_svm(pictures: KerasTensor) -> KerasTensor:
    """Return the gradients of upright digits: the SVM's beginning, with nothing to learn."""
    return oriented_gradients(upright(pictures), FINE)


ARCHITECTURES = {"cnn": cnn, "mlp": mlp}
