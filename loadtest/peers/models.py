"""The served weights as the libraries of the peers want them.

Imports only numpy at the top: each peer's environment has another part of the rest.
"""

import io
import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODELS = Path(__file__).resolve().parent / ".models"
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
Predict = Callable[[NDArray[np.uint8]], int]
"""From pixels uint8 (28, 28), ink bright on 0, to the digit."""


def pixels_of(image: str) -> NDArray[np.uint8]:
    """Decode a 28x28 greyscale file in base64. No limits, no normaliser: less work than ours."""
    from PIL import Image  # noqa: PLC0415

    return np.asarray(Image.open(io.BytesIO(b64decode(image))))


def file_of(name: str) -> Path:
    """Return a model's file in the weights folder."""
    return WEIGHTS / json.loads((WEIGHTS / "manifest.json").read_text())["models"][name]["file"]


def svc() -> Any:
    """Rebuild the `sklearn.svm.SVC` on HOG features from the arrays that we serve.

    Not `break_ties`, whose labels ours are: `predict` is faster without, and differs on ties only.
    """
    from sklearn.svm import SVC  # noqa: PLC0415

    with np.load(file_of("svm")) as arrays:
        vectors = arrays["support_vectors"].astype(np.float64)
        rows, intercepts = arrays["coefficients"].astype(np.float64), arrays["intercepts"]
        gamma = float(arrays["gamma"])
    pairs = list(zip(*np.triu_indices(10, 1), strict=True))
    classes = np.empty(len(vectors), int)
    for (first, second), row in zip(pairs, rows, strict=True):
        classes[row > 0], classes[row < 0] = first, second
    dual = np.zeros((9, len(vectors)))
    for (first, second), row in zip(pairs, rows, strict=True):
        dual[second - 1, classes == first] = row[classes == first]
        dual[first, classes == second] = row[classes == second]
    machine = SVC(gamma=gamma)
    # A fit on one vector a class sets what a fitted machine has; then the real arrays replace it.
    starts = np.searchsorted(classes, np.arange(10))
    machine.fit(vectors[starts], np.arange(10))
    machine.support_vectors_ = np.ascontiguousarray(vectors)
    machine.support_ = np.arange(len(vectors), dtype=np.int32)
    machine._n_support = np.bincount(classes, minlength=10).astype(np.int32)
    machine.dual_coef_ = machine._dual_coef_ = np.ascontiguousarray(dual)
    machine.intercept_ = machine._intercept_ = intercepts.astype(np.float64)
    machine.shape_fit_ = vectors.shape
    return machine


def layers_of(name: str) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return the weights (in, out) or (h, w, in, out) and biases of a network, in their order."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415

    net = Interpreter(
        model_path=str(file_of(name)),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    net.allocate_tensors()
    layers = []
    for op in net._get_ops_details():
        if op["op_name"] in ("CONV_2D", "FULLY_CONNECTED"):
            _, weights, bias = op["inputs"]
            layers.append((np.moveaxis(net.get_tensor(weights), 0, -1), net.get_tensor(bias)))
    return layers


def perceptron() -> Any:
    """Return scikit-learn's `MLPClassifier` with the weights that we serve."""
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    with np.load(MODELS / "mlp.npz") as arrays:
        weights = [arrays[f"weights{i}"] for i in range(3)]
        biases = [arrays[f"bias{i}"] for i in range(3)]
    net = MLPClassifier((512, 512), max_iter=1)
    net.partial_fit(np.zeros((10, 784), np.float32), np.arange(10), classes=np.arange(10))
    net.coefs_, net.intercepts_ = weights, biases
    return net


def predict_svm() -> Predict:
    """Return scikit-learn's machine behind our features."""
    from mnist_api.models.hog import hog  # noqa: PLC0415

    machine = svc()
    return lambda pixels: int(machine.predict(hog(pixels[np.newaxis]))[0])


def predict_litert(name: str) -> Predict:
    """Return a network by LiteRT, on one thread as ours."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    net = Interpreter(model_path=str(file_of(name)), num_threads=1)
    net.allocate_tensors()
    inputs, outputs = net.get_input_details()[0]["index"], net.get_output_details()[0]["index"]

    def predict(pixels: NDArray[np.uint8]) -> int:
        net.set_tensor(inputs, pixels[np.newaxis] * np.float32(1 / 255))
        net.invoke()
        return int(net.get_tensor(outputs)[0].argmax())

    return predict


def predict_perceptron() -> Predict:
    """Return scikit-learn's MLP."""
    net = perceptron()
    return lambda pixels: int(net.predict(pixels.reshape(1, 784) * np.float32(1 / 255))[0])


def scikit_learn() -> dict[str, Predict]:
    """Return the models that scikit-learn has, by scikit-learn."""
    return {"svm": predict_svm(), "mlp": predict_perceptron()}


def fastest() -> dict[str, Predict]:
    """Return all three models by the fastest runtime that a peer's user would find."""
    return {"svm": predict_svm(), "mlp": predict_litert("mlp"), "cnn": predict_litert("cnn")}
