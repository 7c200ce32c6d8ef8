"""The forms in which a prediction can be asked for, brought to one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Annotated, Final

import msgspec
from falcon import HTTPError
from falcon.media import MultipartFormHandler
from msgspec import Meta

from mnist_api.errors import (
    ApiError,
    InvalidBase64,
    InvalidRequest,
    UnsupportedMediaType,
)
from mnist_api.http.base64_image import decode_base64
from mnist_api.http.bulk_inputs import (
    NPY_MAGIC,
    ZIP_MAGIC,
    check_count,
    images_of_npy,
    images_of_zip,
)
from mnist_api.http.json_body import parsed


class PredictRequest(msgspec.Struct, frozen=True):
    """What a client asks: an image file's bytes, which model, and what to add to the answer."""

    image: bytes
    model: str | None = None
    probabilities: bool = False
    normalised: bool = False
    version: str | None = None


class BulkRequest(msgspec.Struct, frozen=True):
    """The same for many images; those that could not even be read are errors already."""

    images: Sequence[bytes | ApiError]
    model: str | None = None
    probabilities: bool = False
    normalised: bool = False
    version: str | None = None


class BulkBody(msgspec.Struct, frozen=True):
    """Many images as JSON has them: base64 each."""

    images: Annotated[list[str], Meta(min_length=1)]
    model: str | None = None
    probabilities: bool = False
    normalised: bool = False
    version: str | None = None


class _TextualRequest(msgspec.Struct, frozen=True):
    """The same with the image still as text, for base64 that is not to the letter."""

    image: str
    model: str | None = None
    probabilities: bool = False
    normalised: bool = False
    version: str | None = None


_STRICT: Final = msgspec.json.Decoder(PredictRequest)
_LENIENT: Final = msgspec.json.Decoder(_TextualRequest)
_BULK: Final = msgspec.json.Decoder(BulkBody)
# Parts of a form that may be there beside the images.
_FIELDS: Final = 4
# Illegal inside JSON strings and without meaning outside them, so that dropping them changes no
# valid document; the 2018 project's own example has a line feed within its base64.
_CONTROL_WHITE_SPACE: Final = b"\t\n\r"
_ZIP: Final = ("application/zip", "application/x-zip-compressed", "application/x-npz")
_NPY: Final = "application/x-npy"
_UNTOLD: Final = ("", "application/x-www-form-urlencoded", "application/octet-stream")
_FLAGS: Final = {"true": True, "1": True, "": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class BulkLimits:
    """What a request of many images may hold."""

    images: int
    bytes: int
    """Of all files of a zip together, unpacked."""


def parse_request(
    content_type: str | None, body: bytes, query: Mapping[str, str], limits: BulkLimits
) -> PredictRequest | BulkRequest:
    """Understand a body by its media type.

    A body without a type, or with the one that `curl -d` sends of its own accord, is known by how
    it starts: JSON, a zip, a numpy array, or an image.

    Raises:
        InvalidJson, InvalidRequest, InvalidBase64, UnsupportedMediaType, BatchTooLarge
        BodyTooLarge: a zip unpacks to too much.
    """
    single = parse_single(content_type, body, query)
    if single is not None:
        return single
    media_type = _media_type(content_type)
    if _is_json(media_type):
        return _from_loose_json(body, limits)
    if media_type == "multipart/form-data":
        return _from_multipart(content_type or "", body, query, limits)
    if media_type in _ZIP or (media_type in _UNTOLD and body.startswith(ZIP_MAGIC)):
        return _from_many(images_of_zip(body, limits.images, limits.bytes), query)
    if media_type == _NPY or (media_type in _UNTOLD and body.startswith(NPY_MAGIC)):
        return _from_many(images_of_npy(body, limits.images), query)
    if media_type in _UNTOLD:
        is_json = body.lstrip()[:1] == b"{"
        return _from_loose_json(body, limits) if is_json else _from_fields(body, query)
    raise UnsupportedMediaType(
        "send application/json, image/*, multipart/form-data, application/zip or "
        f"application/x-npy, not {media_type[:64]!r}"
    )


def last_of(query: Mapping[str, str | list[str]]) -> dict[str, str]:
    """Return a query's fields; of one that is given twice, the last."""
    return {
        name: values if isinstance(values, str) else values[-1] for name, values in query.items()
    }


def parse_single(
    content_type: str | None, body: bytes, query: Mapping[str, str]
) -> PredictRequest | None:
    """Understand JSON of one image to the letter, or an image; return None for all else.

    Raises:
        InvalidRequest
    """
    # Read also where the body has the last word: what is wrong in it is not passed over.
    if query:
        _options(query)
    media_type = _media_type(content_type)
    if media_type.startswith("image/"):
        return _from_fields(body, query)
    if not _is_json(media_type):
        return None
    # PERF: the strict decoder reads base64 on its way, in 2 us; nearly all requests end here.
    try:
        return _STRICT.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


# PERF: clients send the same few types again and again.
@lru_cache(maxsize=256)
def _media_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _is_json(media_type: str) -> bool:
    return media_type == "application/json" or media_type.endswith("+json")


def _from_loose_json(body: bytes, limits: BulkLimits) -> PredictRequest | BulkRequest:
    cleaned = body.translate(None, _CONTROL_WHITE_SPACE)
    if b'"images"' in cleaned:
        return _from_bulk_json(parsed(_BULK, cleaned), limits)
    loose = parsed(_LENIENT, cleaned)
    return PredictRequest(
        decode_base64(loose.image),
        loose.model,
        loose.probabilities,
        loose.normalised,
        loose.version,
    )


def _from_bulk_json(bulk: BulkBody, limits: BulkLimits) -> BulkRequest:
    check_count(len(bulk.images), limits.images)
    images: list[bytes | ApiError] = []
    for text in bulk.images:
        try:
            images.append(decode_base64(text))
        except InvalidBase64 as error:
            images.append(error)
    return BulkRequest(images, bulk.model, bulk.probabilities, bulk.normalised, bulk.version)


def _from_many(images: Sequence[bytes], fields: Mapping[str, str]) -> BulkRequest:
    return BulkRequest(images, *_options(fields))


def _from_fields(image: bytes, fields: Mapping[str, str]) -> PredictRequest:
    return PredictRequest(image, *_options(fields))


def _options(fields: Mapping[str, str]) -> tuple[str | None, bool, bool, str | None]:
    """Return what requests have behind the images: model, probabilities, normalised, version."""
    model, version = fields.get("model") or None, fields.get("version") or None
    return model, _flag(fields, "probabilities"), _flag(fields, "normalised"), version


def _flag(fields: Mapping[str, str], name: str) -> bool:
    value = fields.get(name)
    if value is None:
        return False
    try:
        return _FLAGS[value.lower()]
    except KeyError:
        raise InvalidRequest(f"{name} must be true or false, not {value[:64]!r}") from None


def _from_multipart(
    content_type: str, body: bytes, query: Mapping[str, str], limits: BulkLimits
) -> PredictRequest | BulkRequest:
    fields = dict(query)
    images: list[bytes] = []
    form = MultipartFormHandler()
    form.parse_options.max_body_part_count = limits.images + _FIELDS
    try:
        for part in form.deserialize(BytesIO(body), content_type, len(body)):
            if part.filename is not None or part.name == "image":
                images.append(part.stream.read())
            elif part.name in ("model", "probabilities", "normalised", "version"):
                fields[part.name] = part.get_text() or ""
    except (HTTPError, ValueError) as error:
        reason = getattr(error, "description", None) or error
        raise InvalidRequest(f"the form cannot be read: {reason}") from error
    if not images:
        raise InvalidRequest("the form has no image: send it as the file `image`")
    if len(images) == 1:
        return _from_fields(images[0], fields)
    check_count(len(images), limits.images)
    return _from_many(images, fields)
