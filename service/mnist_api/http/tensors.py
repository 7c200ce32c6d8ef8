"""The Open Inference Protocol's requests and responses: tensors as JSON and as bytes behind it.

Source: the Open Inference Protocol v2 and Triton's extension "binary tensor data".
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import UNSET, Raw, UnsetType
from numpy.typing import NDArray

from mnist_api.errors import BatchTooLarge, InvalidRequest, InvalidTensor
from mnist_api.http.base64_image import decode_base64
from mnist_api.http.json_body import parsed

Parameters = dict[str, Any]


class InputTensor(msgspec.Struct, frozen=True):
    """One tensor that a client sends."""

    name: str
    shape: list[int]
    datatype: str
    data: Raw | UnsetType = UNSET
    parameters: Parameters = {}


class RequestedOutput(msgspec.Struct, frozen=True):
    """One tensor that a client wants."""

    name: str
    parameters: Parameters = {}


class InferRequest(msgspec.Struct, frozen=True):
    """The JSON part of a request."""

    inputs: list[InputTensor]
    id: str | UnsetType = UNSET
    outputs: list[RequestedOutput] | UnsetType = UNSET
    parameters: Parameters = {}


class OutputTensor(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tensor of a response."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | UnsetType = UNSET
    parameters: Parameters | UnsetType = UNSET


class InferResponse(msgspec.Struct, frozen=True):
    """The JSON part of a response."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | UnsetType = UNSET


# The numpy type of each datatype of a tensor of pixels; BYTES tensors hold image files instead.
_PIXELS: Final[Mapping[str, np.dtype[Any]]] = {"UINT8": np.dtype("u1"), "FP32": np.dtype("<f4")}
_DECODER: Final = msgspec.json.Decoder(InferRequest)
# Flat, or nested as deep as the shape.
_FILES: Final = msgspec.json.Decoder(list[str | list[str]])
_NUMBERS: Final = msgspec.json.Decoder(list[float | list[float | list[float | list[float]]]])


def read_request(body: bytes, json_length: str | None) -> tuple[InferRequest, bytes]:
    """Split a body into its JSON part and the bytes behind it.

    Args:
        body: the whole body.
        json_length: the header `Inference-Header-Content-Length`, where there is one.

    Raises:
        InvalidRequest, InvalidJson: it is no such body.
    """
    end = len(body)
    if json_length is not None:
        if not (json_length.isascii() and json_length.isdigit() and int(json_length) <= end):
            raise InvalidRequest("Inference-Header-Content-Length does not fit the body")
        end = int(json_length)
    return parsed(_DECODER, body[:end]), body[end:]


def images_of(
    request: InferRequest, binary: bytes, most: int
) -> NDArray[np.uint8] | Sequence[bytes]:
    """Return the request's pictures: luminance, uint8 (n, 28, 28), or n image files.

    Args:
        request: the JSON part.
        binary: what came behind it.
        most: how many images a request may hold.

    Raises:
        InvalidTensor: the tensor is not as the model's metadata say.
        BatchTooLarge: there are too many images.
        InvalidBase64: an image file in JSON is not base64.
    """
    if len(request.inputs) != 1:
        raise InvalidTensor(f"send one input tensor, not {len(request.inputs)}")
    [tensor] = request.inputs
    count = _batch_size(tensor, most)
    raw = _binary_of(tensor, binary)
    if tensor.datatype == "BYTES":
        files = _files_in_json(tensor) if raw is None else _files_in_binary(raw)
        if len(files) != count:
            raise InvalidTensor(f"the tensor has {len(files)} elements, its shape says {count}")
        return files
    values = _values_in_json(tensor) if raw is None else _values_in_binary(tensor, raw)
    if values.size != math.prod(tensor.shape):
        raise InvalidTensor(f"the tensor has {values.size} values, its shape {tensor.shape}")
    return _as_pixels(values).reshape(count, 28, 28)


def _batch_size(tensor: InputTensor, most: int) -> int:
    shape = tuple(tensor.shape)
    if tensor.datatype == "BYTES":
        fits = len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
    elif tensor.datatype in _PIXELS:
        fits = shape[1:] in ((28, 28), (28, 28, 1))
    else:
        raise InvalidTensor(f"datatype {tensor.datatype[:32]!r}: send UINT8, FP32 or BYTES")
    if not fits or shape[0] < 1:
        raise InvalidTensor(f"shape {tensor.shape}: send [n,28,28], or [n] for BYTES")
    if shape[0] > most:
        raise BatchTooLarge(f"{shape[0]} images are more than the {most} that a request may hold")
    return shape[0]


def _binary_of(tensor: InputTensor, binary: bytes) -> bytes | None:
    size = tensor.parameters.get("binary_data_size")
    if size is None:
        if binary:
            raise InvalidTensor("there are bytes behind the JSON, but no binary_data_size")
        return None
    if size != len(binary) or tensor.data is not UNSET:
        raise InvalidTensor(f"{len(binary)} bytes behind the JSON, binary_data_size is {size!r}")
    return binary


def _values_in_binary(tensor: InputTensor, raw: bytes) -> NDArray[Any]:
    kind = _PIXELS[tensor.datatype]
    if len(raw) % kind.itemsize:
        raise InvalidTensor("the bytes behind the JSON are no whole number of values")
    return np.frombuffer(raw, kind)


def _values_in_json(tensor: InputTensor) -> NDArray[Any]:
    if tensor.data is UNSET:
        raise InvalidTensor("the tensor has no data")
    try:
        values: NDArray[np.float64] = np.asarray(_NUMBERS.decode(tensor.data), np.float64)
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        raise InvalidTensor("the tensor's data are no array of numbers") from error
    if tensor.datatype == "FP32":
        return values
    if not (values.min(initial=0) >= 0 and values.max(initial=0) <= 255):
        raise InvalidTensor("UINT8 pixels lie in 0 to 255")
    pixels = values.astype(np.uint8)
    if not np.array_equal(pixels, values):
        raise InvalidTensor("UINT8 pixels are whole numbers")
    return pixels


def _as_pixels(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return luminance of 0 to 255.

    FP32 comes as 0 to 1 or as 0 to 255; a tensor without a value above 1 is of the first kind.
    """
    if values.dtype == np.uint8:
        return values
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 255):
        raise InvalidTensor("FP32 pixels must lie in 0 to 1, or in 0 to 255")
    scale = np.float32(255 if high <= 1 else 1)
    pixels: NDArray[np.uint8] = np.rint(values * scale).astype(np.uint8)
    return pixels


def _files_in_json(tensor: InputTensor) -> list[bytes]:
    if tensor.data is UNSET:
        raise InvalidTensor("the tensor has no data")
    try:
        texts = _FILES.decode(tensor.data)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidTensor("BYTES in JSON are image files as base64 texts") from error
    flat = (text if isinstance(text, list) else [text] for text in texts)
    return [decode_base64(text) for row in flat for text in row]


def _files_in_binary(raw: bytes) -> list[bytes]:
    """Split elements that have their length, 4 bytes little-endian, before them."""
    files, at = [], 0
    while at < len(raw):
        start = at + 4
        at = start + int.from_bytes(raw[at:start], "little")
        files.append(raw[start:at])
    if at != len(raw):
        raise InvalidTensor("the BYTES tensor ends within an element")
    return files
