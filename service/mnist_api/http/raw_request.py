"""What can be told of a request from its bytes, long before it is parsed."""

import re
from binascii import a2b_base64

from mnist_api.http.middleware import REQUEST_ID
from mnist_api.imaging.png_header import PNG_HEADER_BYTES, png_pixel_count

# Where a head ends that is looked at; longer ones are parsed.
_LONGEST_HEAD = 4096
# SECURITY: each is a plain scan. One expression for a whole head took 0.4 s for 64 kB of lines
# that each might have been the one looked for.
_PREDICTION = re.compile(rb"POST /predict(?:[/?][^\r]*)? HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d{1,8})\r\n", re.IGNORECASE)
_ID = re.compile(
    rb"\r\nx-request-id:[ \t]*(" + REQUEST_ID.encode() + rb")[ \t]*(?=\r\n)", re.IGNORECASE
)

# The base64 of a PNG's header: 32 letters.
_PNG_IN_JSON = re.compile(
    rb'"image"\s*:\s*"(?:data:image/png;base64,)?(iVBORw0KGgo[A-Za-z0-9+/]{21})'
)
# Before the image there is a name of a model, at most.
_JSON_START = 256


def end_of_head(request: bytes) -> int:
    """Return where the last header's line ends, its line feed included; -1 if that is too far."""
    end = request.find(b"\r\n\r\n", 0, _LONGEST_HEAD)
    return end + 2 if end >= 0 else -1


def prediction_body(request: bytes) -> int:
    """Return where the body begins of exactly one request for a prediction; 0 for all else."""
    end = end_of_head(request)
    if end < 0 or not _PREDICTION.match(request):
        return 0
    length = _LENGTH.search(request, 0, end)
    body = end + 2
    return body if length and body + int(length[1]) == len(request) else 0


def without_id(request: bytes, end: int) -> tuple[bytes, bytes | None]:
    """Return a request without its client's id for it, and the id.

    Args:
        request: all of it, or its head.
        end: of its head; -1 where that is too far to be looked at.
    """
    found = _ID.search(request, 0, end)
    if found is None:
        return request, None
    return request[: found.start()] + request[found.end() :], found[1]


def id_of(request: bytes) -> bytes | None:
    """Return the id that its client gave a request."""
    found = _ID.search(request, 0, end_of_head(request))
    return found[1] if found else None


def png_pixels(request: bytes, body: int) -> int:
    """Return how many pixels the PNG in a request announces.

    Args:
        request: all of it.
        body: where its body begins.

    Returns:
        The number of pixels; 0 where there is no PNG at its usual place.
    """
    found = _PNG_IN_JSON.search(request, body, body + _JSON_START)
    header = a2b_base64(found[1]) if found else request[body : body + PNG_HEADER_BYTES]
    return png_pixel_count(header)
