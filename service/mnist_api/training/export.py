"""From a Keras network to the bytes that LiteRT serves."""

import keras
import numpy as np
import tensorflow as tf
from ai_edge_quantizer import qtyping
from ai_edge_quantizer.quantizer import Quantizer
from keras import layers

from mnist_api.models.litert import LiteRTModel
from mnist_api.training.dataset import Images, to_pictures
from mnist_api.training.evaluate import in_parts

_TOLERANCE = 1e-5
# The SVM adds 3,000 terms of single precision, in an order of each runtime's own.
_SVM_TOLERANCE = 5e-5
# Of the labels of digits that were not learned, six in ten thousand change.
_LABELS_ROUNDED = 0.005
_WEIGHTS = qtyping.TensorQuantizationConfig(
    num_bits=8, symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE
)


def export(net: keras.Model, images: Images) -> bytes:
    """Return the `.tflite` file of a calibrated network, checked on uint8 (n, 28, 28).

    Raises:
        ValueError: the file does not say what the network says.
    """
    exact = to_litert(net)
    check_parity(net, exact, images)
    content = as_served(exact, net.name)
    if content != exact:
        check_rounding(exact, content, images)
    return content


def as_served(content: bytes, name: str) -> bytes:
    """Return a model with its dense layers in 8 bits; not so the SVM, which would lose by it.

    Its kernel is steep: one label in a hundred changed, and accuracy fell by a third of a point.
    """
    return content if name == "svm" else quantised(content)


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
        ValueError: another label, or a probability that is off by more than 1e-5, the SVM's 5e-5.
    """
    trained = net.predict(to_pictures(images), verbose=0)
    served = in_parts(LiteRTModel(content).predict, images)
    labels = int((trained.argmax(axis=1) != served.argmax(axis=1)).sum())
    apart = float(np.abs(trained - served).max())
    if labels or apart > (_SVM_TOLERANCE if net.name == "svm" else _TOLERANCE):
        raise ValueError(
            f"LiteRT differs from Keras: {labels} labels, probabilities by {apart:.1e}"
        )


def quantised(content: bytes) -> bytes:
    """Return a model whose dense layers keep their weights in 8 bits.

    Nearly all bytes of our networks are there. As floats they do not fit a core's own cache beside
    the service: to fetch them took longer than to multiply them, and drove everything else out. The
    convolutions stay as they are: without a processor's dot product for bytes they would be slower.
    """
    quantizer = Quantizer(content)
    quantizer.update_quantization_recipe(
        ".*",
        qtyping.TFLOperationName.FULLY_CONNECTED,
        qtyping.OpQuantizationConfig(
            weight_tensor_config=_WEIGHTS, compute_precision=qtyping.ComputePrecision.INTEGER
        ),
    )
    return bytes(quantizer.quantize().quantized_model)


def check_rounding(exact: bytes, rounded: bytes, images: Images) -> None:
    """Make sure that 8 bits change hardly a label of uint8 (n, 28, 28).

    Raises:
        ValueError: they change more than one in 200.
    """
    labels = [
        in_parts(LiteRTModel(content).predict, images).argmax(axis=1)
        for content in (exact, rounded)
    ]
    changed = float((labels[0] != labels[1]).mean())
    if changed > _LABELS_ROUNDED:
        raise ValueError(f"weights of 8 bits change {100 * changed:.2f} % of the labels")
