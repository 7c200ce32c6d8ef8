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


def machine() -> Any:
    """Rebuild what scikit-learn fitted, a projection of HOG features and a machine a class."""
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.svm import SVC  # noqa: PLC0415

    with np.load(file_of("svm")) as file:
        arrays = {name: array.astype(np.float64) for name, array in file.items()}
    projection = PCA()
    projection.mean_, projection.components_ = arrays["centre"], arrays["projection"].T
    vectors = arrays["support_vectors"]
    classes = OneVsRestClassifier(SVC(gamma=float(arrays["gamma"])))
    # A fit on ten vectors sets what fitted machines have; then the real arrays replace theirs.
    classes.fit(vectors[:10], np.arange(10))
    for number, one in enumerate(classes.estimators_):
        _replace(one, vectors, arrays["coefficients"][number], arrays["intercepts"][number])
    return make_pipeline(projection, classes)


def _replace(machine: Any, vectors: NDArray[Any], coefficients: NDArray[Any], bias: Any) -> None:
    """Give a machine of one class its share of all classes' vectors."""
    # libsvm wants those of the other classes first, whose coefficients are below 0.
    others, own = np.flatnonzero(coefficients < 0), np.flatnonzero(coefficients > 0)
    order = np.concatenate([others, own])
    machine.support_, machine.support_vectors_ = order.astype(np.int32), vectors[order]
    machine._n_support = np.array([len(others), len(own)], np.int32)
    machine.dual_coef_, machine.intercept_ = coefficients[np.newaxis, order], bias[np.newaxis]
    # For libsvm itself the first class, here the others, is the positive one.
    machine._dual_coef_, machine._intercept_ = -machine.dual_coef_, -machine.intercept_


def arrays_of(name: str) -> list[NDArray[np.float32]]:
    """Return the kernels (in, out) or (h, w, in, out) and biases of a network, in their order."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415

    net = Interpreter(
        model_path=str(file_of(name)),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    net.allocate_tensors()
    scales = {
        each["index"]: each["quantization_parameters"]["scales"]
        for each in net.get_tensor_details()
    }
    arrays = []
    for op in net._get_ops_details():
        if op["op_name"] in ("CONV_2D", "FULLY_CONNECTED"):
            _, weights, bias = op["inputs"]
            kernel = np.moveaxis(net.get_tensor(weights), 0, -1)
            # Kernels in 8 bits have a scale for each output.
            arrays += [kernel * scales[weights] if len(scales[weights]) else kernel]
            arrays += [net.get_tensor(bias)]
    return arrays


def predict_svm() -> Predict:
    """Return scikit-learn's machine behind our features."""
    from mnist_api.models.hog import hog  # noqa: PLC0415

    fitted = machine()
    return lambda pixels: int(fitted.predict(hog(pixels[np.newaxis]))[0])


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


def fastest() -> dict[str, Predict]:
    """Return all three models by the fastest runtime that a peer's user would find."""
    return {"svm": predict_svm(), "mlp": predict_litert("mlp"), "cnn": predict_litert("cnn")}
