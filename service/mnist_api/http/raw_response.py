"""Responses as bytes, to requests that never become Falcon's."""

from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus

from gunicorn.asgi.protocol import _get_cached_date_header as date_header

from mnist_api.errors import ApiError, Overloaded
from mnist_api.http.errors import error_body

# As Falcon's way writes it.
_PREDICTION = (
    b"HTTP/%b 200 OK\r\n%bx-content-type-options: nosniff\r\nserver: mnist-api\r\n"
    b"x-model-version: %b\r\nx-cache: %b\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nx-request-id: "
)


def answer(error: ApiError, status: int, headers: Mapping[str, str]) -> bytes:
    """Return an error as a whole HTTP/1.1 response."""
    body = error_body(error)
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    fixed = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Server": "mnist-api",
        "X-Content-Type-Options": "nosniff",
    }
    lines += [f"{name}: {value}" for name, value in {**fixed, **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def refusal(message: str, **headers: str) -> bytes:
    """Return the whole response that asks to come again later."""
    error = Overloaded(message)
    return answer(error, error.status, {"Retry-After": str(error.retry_after), **headers})


# PERF: nearly all predictions have the same few.
@lru_cache(maxsize=256)
def prediction_head(http: bytes, versions: str, source: str, length: int) -> bytes:
    """Return the head of a prediction's response up to the value of its last field, the id.

    Args:
        http: the version that was asked in. A client of 1.0 waits for the connection's end, unless
            it is told that it is kept.
        versions: of the models that were asked.
        source: where the answer came from.
        length: of the body.
    """
    kept = b"" if http == b"1.1" else b"connection: keep-alive\r\n"
    return _PREDICTION % (http, kept, versions.encode(), source.encode(), length)


def with_body(head: bytes, request_id: bytes, body: bytes) -> bytes:
    """Return a whole response."""
    return b"".join((head, request_id, b"\r\n", date_header(), b"\r\n", body))
