"""Requests for a prediction that ask for nothing else, told from their bytes."""

import re
from typing import NamedTuple

from mnist_api.http.raw_request import end_of_head

_LINE = re.compile(rb"POST /predict/?(?:\?([\w.~%&=+-]*))? HTTP/(1\.[01])\r\n")
# SECURITY: one way to read each line, so that a head is gone through once.
_FIELDS = re.compile(rb"(?:[!#-'*+.0-9A-Z^-z|~-]+:[\t -~]*\r\n){1,64}")
_LENGTH = re.compile(rb"0|[1-9]\d{0,8}")
# Of what these ask for, only Falcon's way knows.
_SPECIAL = frozenset(
    b"cache-control content-encoding expect te trailer transfer-encoding upgrade "
    b"x-request-timeout-ms".split()
)


class PlainRequest(NamedTuple):
    """A request on a connection that is kept, taken apart."""

    http: bytes
    query: str
    content_type: str
    body: bytes
    missing: int
    """Bytes of the body that have not arrived."""
    given_id: str | None
    traceparent: str | None


def plain_request(request: bytes) -> PlainRequest | None:
    """Take one plain request for a prediction apart, all of its head and of its body what is there.

    All else, and what has something behind it, is None.

    SECURITY: one field alone tells where a body ends. A head that somebody might read in another
    way (a field that comes twice, a line that is none, another coding) is not plain.
    """
    line, end = _LINE.match(request), end_of_head(request)
    if line is None or end < 0 or not _FIELDS.fullmatch(request, line.end(), end):
        return None
    lines = request[line.end() : end - 2].split(b"\r\n")
    fields: dict[bytes, bytes] = {}
    for name, _, value in (line.partition(b":") for line in lines):
        fields[name.lower()] = value.strip()
    body, http, length = request[end + 2 :], line[2], fields.get(b"content-length", b"")
    unless_told = b"keep-alive" if http == b"1.1" else b"close"
    is_plain = (
        len(fields) == len(lines)
        and b"host" in fields
        and _LENGTH.fullmatch(length)
        and len(body) <= int(length)
        and fields.get(b"connection", unless_told).lower() == b"keep-alive"
        and _SPECIAL.isdisjoint(fields)
    )
    if not is_plain:
        return None
    return PlainRequest(
        http,
        (line[1] or b"").decode(),
        fields.get(b"content-type", b"").decode(),
        body,
        int(length) - len(body),
        _text(fields, b"x-request-id"),
        _text(fields, b"traceparent"),
    )


def _text(fields: dict[bytes, bytes], name: bytes) -> str | None:
    value = fields.get(name)
    return None if value is None else value.decode()
