"""Errors as bytes, for connections whose request never becomes one of Falcon's."""

from collections.abc import Mapping
from http import HTTPStatus

from mnist_api.errors import ApiError, Overloaded
from mnist_api.http.errors import error_body


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
