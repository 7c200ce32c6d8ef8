"""What the Open Inference Protocol may send, and what it may not."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_api.errors import ApiError, BatchTooLarge, InvalidJson, InvalidRequest, InvalidTensor
from mnist_api.http.tensors import images_of, read_request

MOST = 8
PICTURE = np.arange(784, dtype=np.uint8).reshape(1, 28, 28)


def body_of(data: Any = None, **fields: Any) -> bytes:
    tensor = {"name": "input", "shape": [1, 28, 28], "datatype": "UINT8", **fields}
    if data is not None:
        tensor["data"] = data
    return json.dumps({"inputs": [tensor]}).encode()


def parse(body: bytes, json_length: str | None = None, most: int = MOST) -> Any:
    request, binary = read_request(body, json_length)
    return images_of(request, binary, most)


def parse_binary(raw: bytes, **fields: Any) -> Any:
    head = body_of(parameters={"binary_data_size": len(raw)}, **fields)
    return parse(head + raw, str(len(head)))


@pytest.mark.parametrize("shape", [[1, 28, 28], [1, 28, 28, 1]])
def test_pixels_come_nested_or_flat_or_binary(shape: list[int]) -> None:
    nested = PICTURE.reshape(shape).tolist()
    for images in (
        parse(body_of(nested, shape=shape)),
        parse(body_of(PICTURE.ravel().tolist(), shape=shape)),
        parse_binary(PICTURE.tobytes(), shape=shape),
    ):
        assert images.dtype == np.uint8
        assert np.array_equal(images, PICTURE)


def test_floats_up_to_1_are_shares_of_full_ink_and_others_levels() -> None:
    shares = (PICTURE / 255).astype("<f4")
    levels = PICTURE.astype("<f4")
    for values in (shares, levels):
        assert np.array_equal(parse_binary(values.tobytes(), datatype="FP32"), PICTURE)
        assert np.array_equal(parse(body_of(values.tolist(), datatype="FP32")), PICTURE)


def test_image_files_come_as_base64_or_binary() -> None:
    assert parse(body_of(["YWJj", "ZA=="], datatype="BYTES", shape=[2])) == [b"abc", b"d"]
    assert parse(body_of([["YWJj"]], datatype="BYTES", shape=[1, 1])) == [b"abc"]
    raw = b"\x03\0\0\0abc\x01\0\0\0d"
    assert parse_binary(raw, datatype="BYTES", shape=[2]) == [b"abc", b"d"]


FLAT = [0] * 784
REFUSED: dict[str, tuple[bytes, type[ApiError]]] = {
    "an unknown datatype": (body_of(FLAT, datatype="FP64"), InvalidTensor),
    "a shape of other pictures": (body_of(FLAT, shape=[1, 32, 32]), InvalidTensor),
    "a shape of no pictures": (body_of([], shape=[0, 28, 28]), InvalidTensor),
    "a negative shape": (body_of(FLAT, shape=[-1, 28, 28]), InvalidTensor),
    "a flat shape": (body_of(FLAT, shape=[784]), InvalidTensor),
    "too many pictures": (body_of(FLAT, shape=[9, 28, 28]), BatchTooLarge),
    "a shape of billions": (body_of(FLAT, shape=[2**62, 28, 28]), BatchTooLarge),
    "fewer values than the shape": (body_of(FLAT[1:]), InvalidTensor),
    "no data": (body_of(), InvalidTensor),
    "data that are an object": (body_of({"a": 1}), InvalidTensor),
    "data that are texts": (body_of(["1"] * 784), InvalidTensor),
    "a null among the data": (body_of([None, *FLAT[1:]]), InvalidTensor),
    "a ragged array": (body_of([[1, 2], [3]]), InvalidTensor),
    "a level of 256": (body_of([256, *FLAT[1:]]), InvalidTensor),
    "a level of -1": (body_of([-1, *FLAT[1:]]), InvalidTensor),
    "half a level": (body_of([0.5, *FLAT[1:]]), InvalidTensor),
    "a huge number": (body_of([10**300, *FLAT[1:]], datatype="FP32"), InvalidTensor),
    "BYTES that are numbers": (body_of([1], datatype="BYTES", shape=[1]), InvalidTensor),
    "BYTES without data": (body_of(datatype="BYTES", shape=[1]), InvalidTensor),
    "fewer BYTES than the shape": (body_of(["YQ=="], datatype="BYTES", shape=[2]), InvalidTensor),
    "two inputs": (
        json.dumps({"inputs": json.loads(body_of(FLAT))["inputs"] * 2}).encode(),
        InvalidTensor,
    ),
    "no inputs": (b'{"inputs":[]}', InvalidTensor),
    "an input without a name": (b'{"inputs":[{"shape":[1],"datatype":"BYTES"}]}', InvalidRequest),
    "an array": (b"[]", InvalidRequest),
    "no JSON": (b"{", InvalidJson),
}


@pytest.mark.parametrize(("body", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_such_tensor_is_refused(body: bytes, error: type[ApiError]) -> None:
    with pytest.raises(error):
        parse(body)


def test_bytes_of_which_the_json_does_not_speak_are_refused() -> None:
    body = body_of(FLAT)
    with pytest.raises(InvalidTensor):
        parse(body + b"x", str(len(body)))


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"\0" * 783, {}),
        (b"\0" * 3135, {"datatype": "FP32"}),
        (np.full(784, np.nan, "<f4").tobytes(), {"datatype": "FP32"}),
        (np.full(784, np.inf, "<f4").tobytes(), {"datatype": "FP32"}),
        (b"\xff\xff\xff\xff", {"datatype": "BYTES", "shape": [1]}),
        (b"\x01\0", {"datatype": "BYTES", "shape": [1]}),
        (b"\0" * 784, {"data": FLAT}),
    ],
)
def test_bytes_that_do_not_fit_are_refused(raw: bytes, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidTensor):
        parse_binary(raw, **fields)


@pytest.mark.parametrize("length", ["-1", "x", "", "1e3", "99999999", "٣"])
def test_a_length_that_does_not_fit_the_body_is_refused(length: str) -> None:
    with pytest.raises(InvalidRequest):
        read_request(body_of(FLAT), length)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400), st.dictionaries(st.text(), st.integers()))
def test_nothing_but_the_error_tree_is_raised(tail: bytes, at: int, parameters: Any) -> None:
    head = body_of(parameters={**parameters, "binary_data_size": len(tail)}, datatype="BYTES")
    damaged = head[:at] + tail[:3] + head[at:] + tail
    for length in (str(len(head)), str(at), None):
        try:
            parse(damaged, length)
        except ApiError:
            continue
