"""From a Keras network to the bytes that LiteRT serves."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from mnist_api.models.litert import LiteRTModel
from mnist_api.training.dataset import Images
from mnist_api.training.evaluate import in_parts

_TOLERANCE = 1e-5


def with_probabilities(net: keras.Model, temperature: float) -> keras.Model:
    """Return the network with its calibration in the last layer and a softmax behind it."""
    last = net.layers[-1]
    kernel, bias = last.get_weights()
    outputs = layers.Dense(10, activation="softmax", name="probabilities")(last.input)
    calibrated = keras.Model(net.inputs, outputs, name=net.name)
    calibrated.layers[-1].set_weights([kernel / temperature, bias / temperature])
    return calibrated


def to_litert(net: keras.Model) -> bytes:
    """Return the `.tflite` file of a network.

    `from_keras_model` and no other way in: `from_concrete_functions` writes a Keras 3 model without
    its weights and says nothing of it.
    """
    content: bytes = tf.lite.TFLiteConverter.from_keras_model(net).convert()
    return content


def check_parity(net: keras.Model, content: bytes, images: Images) -> None:
    """Make sure that LiteRT says of uint8 (n, 28, 28) what Keras says: here, where both are.

    Raises:
        ValueError: another label, or a probability that is off by more than 1e-5.
    """
    trained = net.predict((images / np.float32(255)).astype(np.float32), verbose=0)
    served = in_parts(LiteRTModel(content).predict, images)
    labels = int((trained.argmax(axis=1) != served.argmax(axis=1)).sum())
    apart = float(np.abs(trained - served).max())
    if labels or apart > _TOLERANCE:
        raise ValueError(
            f"LiteRT differs from Keras: {labels} labels, probabilities by {apart:.1e}"
        )
