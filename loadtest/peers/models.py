"""The served weights as the libraries of the peers want them.

Imports only numpy at the top: each peer's environment has another part of the rest.
"""

import io
import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODELS = Path(__file__).resolve().parent / ".models"
WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
FEATURES = "features.tflite"
"""What the SVM sees, written by `prepare`."""
Predict = Callable[[NDArray[np.uint8]], int]
"""From pixels uint8 (28, 28), ink bright on 0, to the digit."""
Outcome = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def pixels_of(image: str) -> NDArray[np.uint8]:
    """Decode a 28x28 greyscale file in base64. No limits, no normaliser: less work than ours."""
    from PIL import Image  # noqa: PLC0415

    return np.asarray(Image.open(io.BytesIO(b64decode(image))))


def file_of(name: str) -> Path:
    """Return a model's file in the weights folder."""
    manifest = json.loads((WEIGHTS / "manifest.json").read_text())
    return WEIGHTS / str(manifest["models"][name]["file"])


def kept(name: str) -> list[NDArray[np.float32]]:
    """Return a model's `arrays_of`, as `prepare` wrote them."""
    with np.load(MODELS / f"{name}.npz") as arrays:
        return list(arrays.values())


def machine(arrays: Sequence[NDArray[np.float32]]) -> Any:
    """Rebuild what scikit-learn fitted, a projection of the features and a machine a class."""
    from sklearn.decomposition import PCA  # noqa: PLC0415
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.svm import SVC  # noqa: PLC0415

    learned = [array.astype(np.float64) for array in arrays[-6:]]
    rotation, offsets, across, _, coefficients, intercepts = learned
    projection = PCA()
    projection.components_, projection.mean_ = rotation.T, -offsets @ np.linalg.pinv(rotation)
    vectors = np.ascontiguousarray(across.T)
    classes = OneVsRestClassifier(SVC(gamma=0.5))
    # A fit on ten vectors sets what fitted machines have; then the real arrays replace theirs.
    classes.fit(vectors[:10], np.arange(10))
    for number, one in enumerate(classes.estimators_):
        _replace(one, vectors, coefficients[:, number], intercepts[number])
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
    details = {each["index"]: each for each in net.get_tensor_details()}
    arrays = []
    for op in net._get_ops_details():
        if op["op_name"] in ("CONV_2D", "FULLY_CONNECTED"):
            _, weights, bias = op["inputs"]
            kernel = np.moveaxis(net.get_tensor(weights), 0, -1)
            # Kernels in 8 bits have a scale for each output.
            scales = details[weights]["quantization_parameters"]["scales"]
            arrays += [kernel * scales if len(scales) else kernel]
            arrays += [net.get_tensor(bias)] if bias >= 0 else []
        elif op["op_name"] == "ADD" and len(details[op["inputs"][1]]["shape"]) == 1:
            # A bias that the converter left beside its product; what is computed has a batch, too.
            arrays += [net.get_tensor(op["inputs"][1])]
    return arrays


def predict_svm() -> Predict:
    """Return scikit-learn's machine behind the served features."""
    fitted = machine(kept("svm"))
    return lambda pixels: int(fitted.predict(features(pixels[np.newaxis]))[0])


def features(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what the SVM sees of one picture (1, 28, 28): (1, 288)."""
    return _seen(get_ident())(picture)


# An interpreter is one thread's own; the design of 2018 has a thread for each connection.
@lru_cache(maxsize=64)
def _seen(_thread: int) -> Outcome:
    return by_litert(MODELS / FEATURES)


def predict_litert(name: str) -> Predict:
    """Return a network by LiteRT."""
    predict = by_litert(file_of(name))
    return lambda pixels: int(predict(pixels[np.newaxis])[0].argmax())


def by_litert(file: Path) -> Outcome:
    """Return what a file makes of one picture (1, 28, 28), on one thread as ours."""
    try:
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415
    except ImportError:
        # The environment with TensorFlow has it there.
        from tensorflow.lite.python.interpreter import Interpreter  # noqa: PLC0415

    net = Interpreter(model_path=str(file), num_threads=1)
    net.allocate_tensors()
    inputs, outputs = net.get_input_details()[0]["index"], net.get_output_details()[0]["index"]

    def outcome(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        net.set_tensor(inputs, picture * np.float32(1 / 255))
        net.invoke()
        found: NDArray[np.float32] = net.get_tensor(outputs)
        return found

    return outcome


def fastest() -> dict[str, Predict]:
    """Return all three models by the fastest runtime that a peer's user would find."""
    return {"svm": predict_svm(), "mlp": predict_litert("mlp"), "cnn": predict_litert("cnn")}
