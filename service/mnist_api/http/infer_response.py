"""The answer to an inference of the Open Inference Protocol: labels and probabilities."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from mnist_api.errors import InvalidTensor
from mnist_api.http.tensors import InferRequest, InferResponse, OutputTensor, RequestedOutput
from mnist_api.models.catalog import Model

OUTPUTS: Mapping[str, tuple[str, list[int]]] = {
    "label": ("INT64", [-1]),
    "probabilities": ("FP32", [-1, 10]),
}
_ENCODER = msgspec.json.Encoder()


def write_response(
    model: Model, request: InferRequest, probabilities: NDArray[np.float32]
) -> tuple[bytes, int | None]:
    """Return the body, and how long its JSON part is where bytes follow it.

    Args:
        model: what answered.
        request: which outputs are wanted, and in which form.
        probabilities: float32 (n, 10).

    Raises:
        InvalidTensor: an output is wanted that there is not.
    """
    arrays: Mapping[str, NDArray[Any]] = {
        "label": probabilities.argmax(axis=1).astype("<i8"),
        "probabilities": probabilities.astype("<f4"),
    }
    tensors, tail = [], []
    for wanted in _wanted(request):
        if wanted.name not in arrays:
            raise InvalidTensor(f"there is no output {wanted.name[:64]!r}: {', '.join(OUTPUTS)}")
        array = arrays[wanted.name]
        shape, datatype = list(array.shape), OUTPUTS[wanted.name][0]
        if wanted.parameters.get("binary_data"):
            raw = array.tobytes()
            tail.append(raw)
            size = {"binary_data_size": len(raw)}
            tensors.append(OutputTensor(wanted.name, shape, datatype, parameters=size))
        else:
            tensors.append(OutputTensor(wanted.name, shape, datatype, array.ravel().tolist()))
    head = _ENCODER.encode(InferResponse(model.name, model.entry.version, tensors, request.id))
    return b"".join([head, *tail]), len(head) if tail else None


def _wanted(request: InferRequest) -> list[RequestedOutput]:
    """Return the outputs, each with its `binary_data` decided."""
    binary = bool(request.parameters.get("binary_data_output", False))
    outputs = request.outputs
    if outputs is UNSET or not outputs:
        outputs = [RequestedOutput(name) for name in OUTPUTS]
    return [
        RequestedOutput(output.name, {"binary_data": binary, **output.parameters})
        for output in outputs
    ]
