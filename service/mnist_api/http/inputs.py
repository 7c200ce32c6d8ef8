"""The forms in which a prediction can be asked for, brought to one."""

from collections.abc import Mapping
from io import BytesIO
from typing import Final

import msgspec
from falcon import HTTPError
from falcon.media import MultipartFormHandler

from mnist_api.errors import InvalidJson, InvalidRequest, UnsupportedMediaType
from mnist_api.http.base64_image import decode_base64


class PredictRequest(msgspec.Struct, frozen=True):
    """What a client asks: an image file's bytes, which model, and what to add to the answer."""

    image: bytes
    model: str | None = None
    probabilities: bool = False
    normalised: bool = False


class _TextualRequest(msgspec.Struct, frozen=True):
    """The same with the image still as text, for base64 that is not to the letter."""

    image: str
    model: str | None = None
    probabilities: bool = False
    normalised: bool = False


_STRICT: Final = msgspec.json.Decoder(PredictRequest)
_LENIENT: Final = msgspec.json.Decoder(_TextualRequest)
_MULTIPART: Final = MultipartFormHandler()
# Illegal inside JSON strings and without meaning outside them, so that dropping them changes no
# valid document; the 2018 project's own example has a line feed within its base64.
_CONTROL_WHITE_SPACE: Final = b"\t\n\r"
_FLAGS: Final = {"true": True, "1": True, "": True, "false": False, "0": False}


def parse_request(
    content_type: str | None, body: bytes, query: Mapping[str, str]
) -> PredictRequest:
    """Understand a body by its media type.

    A body without a type, or with the one that `curl -d` sends of its own accord, is taken for JSON
    when it starts like it and for an image otherwise.

    Raises:
        InvalidJson, InvalidRequest, InvalidBase64, UnsupportedMediaType
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return _from_json(body)
    if media_type == "multipart/form-data":
        return _from_multipart(content_type or "", body, query)
    if media_type.startswith("image/"):
        return _from_fields(body, query)
    if media_type in ("", "application/x-www-form-urlencoded", "application/octet-stream"):
        return _from_json(body) if body.lstrip()[:1] == b"{" else _from_fields(body, query)
    raise UnsupportedMediaType(
        f"send application/json, image/* or multipart/form-data, not {media_type[:64]!r}"
    )


def _from_json(body: bytes) -> PredictRequest:
    # PERF: the strict decoder reads base64 on its way, in 2 us; nearly all requests end here.
    try:
        return _STRICT.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _from_loose_json(body)


def _from_loose_json(body: bytes) -> PredictRequest:
    try:
        loose = _LENIENT.decode(body.translate(None, _CONTROL_WHITE_SPACE))
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"the JSON body is not as expected: {error}") from error
    except RecursionError as error:
        raise InvalidJson("the JSON body is nested too deeply") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidJson(f"the body is not valid JSON: {error}") from error
    return PredictRequest(
        decode_base64(loose.image), loose.model, loose.probabilities, loose.normalised
    )


def _from_fields(image: bytes, fields: Mapping[str, str]) -> PredictRequest:
    return PredictRequest(
        image,
        fields.get("model") or None,
        _flag(fields, "probabilities"),
        _flag(fields, "normalised"),
    )


def _flag(fields: Mapping[str, str], name: str) -> bool:
    value = fields.get(name)
    if value is None:
        return False
    try:
        return _FLAGS[value.lower()]
    except KeyError:
        raise InvalidRequest(f"{name} must be true or false, not {value[:64]!r}") from None


def _from_multipart(content_type: str, body: bytes, query: Mapping[str, str]) -> PredictRequest:
    fields = dict(query)
    image: bytes | None = None
    try:
        for part in _MULTIPART.deserialize(BytesIO(body), content_type, len(body)):
            if part.filename is not None or part.name == "image":
                if image is not None:
                    raise InvalidRequest("the form has more than one image")
                image = part.stream.read()
            elif part.name in ("model", "probabilities", "normalised"):
                fields[part.name] = part.get_text() or ""
    except (HTTPError, ValueError) as error:
        reason = getattr(error, "description", None) or error
        raise InvalidRequest(f"the form cannot be read: {reason}") from error
    if image is None:
        raise InvalidRequest("the form has no image: send it as the file `image`")
    return _from_fields(image, fields)
