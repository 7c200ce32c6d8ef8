"""What clients send: good requests, and the bad ones with the refusal that the contract has."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtest.digits import Digit, text


def predict(content: bytes, **fields: object) -> bytes:
    """Return the JSON body that asks what an image file shows."""
    return json.dumps({**fields, "image": text(content)}).encode()


def infer(digits: Sequence[Digit]) -> bytes:
    """Return the JSON body that asks for the labels of digits, by the Open Inference Protocol."""
    tensor = {
        "name": "input",
        "shape": [len(digits), 28, 28],
        "datatype": "UINT8",
        "data": [value for digit in digits for value in digit.pixels.ravel().tolist()],
    }
    return json.dumps({"inputs": [tensor], "outputs": [{"name": "label"}]}).encode()


@dataclass(frozen=True)
class Mistake:
    """A bad request, and the status and code that it must be answered with."""

    body: bytes
    status: int
    code: str
    content_type: str = "application/json"


def mistakes(content: bytes) -> Mapping[str, Mistake]:
    """Return what careless clients send, made from a good image file."""
    return {
        "half a body": Mistake(predict(content)[:-20], 400, "invalid_json"),
        "no image": Mistake(b'{"model":"cnn"}', 400, "invalid_request"),
        "an image of numbers": Mistake(b'{"image":[0,0,0]}', 400, "invalid_request"),
        "another model": Mistake(predict(content, model="resnet"), 422, "unknown_model"),
        "half a file": Mistake(predict(content[: len(content) // 2]), 422, "not_an_image"),
        "text": Mistake(b"seven", 415, "unsupported_media_type", "text/plain"),
    }
