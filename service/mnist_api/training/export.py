"""From a Keras network to the bytes that LiteRT serves."""

import keras
import tensorflow as tf
from keras import layers


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
