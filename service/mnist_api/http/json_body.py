"""JSON bodies of one type, read to the letter."""

from typing import TypeVar

import msgspec

from mnist_api.errors import InvalidJson, InvalidRequest

T = TypeVar("T")


def parsed(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return what a body holds.

    Raises:
        InvalidJson: it is no JSON.
        InvalidRequest: it is, but not what is expected.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"the JSON body is not as expected: {error}") from error
    except RecursionError as error:
        raise InvalidJson("the JSON body is nested too deeply") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidJson(f"the body is not valid JSON: {error}") from error
