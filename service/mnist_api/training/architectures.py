"""The networks, as Keras graphs that end in logits."""

import keras
from keras import KerasTensor, layers


def cnn_h16(dropout: float, momentum: float) -> keras.Model:
    """Return the CNN of 2018 at half its width, with batch normalisation."""

    def block(x: KerasTensor, width: int, size: int) -> KerasTensor:
        x = layers.Conv2D(width, size, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=momentum)(x))

    inputs = layers.Input((28, 28))
    x = layers.Reshape((28, 28, 1))(inputs)
    x = layers.MaxPool2D()(block(x, 16, 5))
    x = layers.MaxPool2D()(block(block(x, 32, 3), 32, 3))
    x = layers.Dropout(dropout)(layers.Flatten()(x))
    x = layers.Dense(128, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(x))
    outputs = layers.Dense(10)(layers.Dropout(dropout)(x))
    return keras.Model(inputs, outputs, name="cnn")


def mlp(dropout: float, momentum: float) -> keras.Model:
    """Return a network of two hidden layers of 512."""
    inputs = layers.Input((28, 28))
    x = layers.Flatten()(inputs)
    for _ in range(2):
        x = layers.Dense(512, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=momentum)(x))
        x = layers.Dropout(dropout)(x)
    return keras.Model(inputs, layers.Dense(10)(x), name="mlp")


ARCHITECTURES = {"cnn-h16": cnn_h16, "mlp-512-512": mlp}
