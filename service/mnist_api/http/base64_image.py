"""Base64 as people send it: wrapped, prefixed, URL-safe, unpadded."""

import binascii

from mnist_api.errors import InvalidBase64

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_WHITE_SPACE = b" \t\r\n\v\f"


def decode_base64(text: str) -> bytes:
    """Return the bytes that a base64 text stands for.

    White space anywhere, a `data:...;base64,` prefix, the URL-safe alphabet and missing padding are
    fine; anything else outside the alphabet is not.

    Raises:
        InvalidBase64: it is not base64.
    """
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    try:
        encoded = text.encode("ascii").translate(_URL_SAFE, _WHITE_SPACE).rstrip(b"=")
        return binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InvalidBase64("the image is not valid base64") from error
