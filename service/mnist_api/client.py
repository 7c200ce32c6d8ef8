"""A client of the service: connections that are kept, and patience where the service asks for it.

Made of the standard library alone, so that `mnist-api predict` starts quickly. A client may be used
by several threads at once.
"""

import json
import time
from collections import deque
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Event
from typing import Any
from urllib.parse import quote, urlsplit

DEFAULT_URL = "http://127.0.0.1:8000"
_TIMEOUT_SECONDS = 30.0
# How long one picture waits for an overloaded service before it is given up, and the least and
# most of one wait, whatever `Retry-After` says.
_PATIENCE_SECONDS = 60.0
_LEAST_WAIT, _MOST_WAIT = 0.5, 20.0
OVERLOADED = frozenset({429, 502, 503, 504})


class Unreachable(Exception):
    """Nobody answers; the message says who was asked and what became of it."""


class Refused(Exception):
    """An answer that is none; without a code where it is not one of mnist-api's."""

    def __init__(self, message: str, status: int, code: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


class Client:
    """Asks one service."""

    def __init__(
        self,
        url: str,
        *,
        wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the service's address.

        Raises:
            ValueError: the URL is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address like {DEFAULT_URL}")
        self.url = url.rstrip("/")
        self._closed = Event()
        self._wait = wait or self._closed.wait
        self._clock = clock
        self._idle: deque[HTTPConnection] = deque()
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/")

    def predict(self, image: bytes, model: str | None) -> dict[str, Any]:
        """Return the service's answer to one image file.

        Raises:
            Unreachable, Refused
        """
        query = f"?model={quote(model, safe='')}" if model else ""
        return self._ask("POST", f"/predict/{query}", image)

    def models(self) -> list[dict[str, Any]]:
        """Return what the service tells of each of its models.

        Raises:
            Unreachable, Refused
        """
        names = self._ask("GET", "/models/").get("models", [])
        return [self._ask("GET", f"/models/{quote(name, safe='')}") for name in names]

    def close(self) -> None:
        """Let the connections go and end all waiting."""
        self._closed.set()
        while self._idle:
            self._idle.pop().close()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        deadline = self._clock() + _PATIENCE_SECONDS
        while True:
            response, content = self._exchange(method, self._path + path, body)
            if response.status not in OVERLOADED:
                return _understood(self.url, response.status, content)
            seconds = _retry_after(response)
            if self._closed.is_set() or self._clock() + seconds > deadline:
                return _understood(self.url, response.status, content)
            self._wait(seconds)

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[HTTPResponse, bytes]:
        headers = {"Content-Type": "application/octet-stream"} if body is not None else {}
        while True:
            kept = self._idle.pop() if self._idle else None
            connection = kept or self._kind(self._host, self._port, timeout=_TIMEOUT_SECONDS)
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                content = response.read()
            except (OSError, HTTPException) as error:
                connection.close()
                # A kept connection may have been closed by the service meanwhile; asking for a
                # prediction again changes nothing, so the next one is tried, at last a new one.
                if kept is None:
                    raise Unreachable(f"nobody answers at {self.url} ({_reason(error)})") from error
            else:
                if not response.will_close:
                    self._idle.append(connection)
                return response, content


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT_SECONDS:.0f} s"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return (text or type(error).__name__).lower()


def _retry_after(response: HTTPResponse) -> float:
    given = response.getheader("Retry-After", "")
    seconds = float(given) if given.isdecimal() else 1.0
    return min(max(seconds, _LEAST_WAIT), _MOST_WAIT)


def _understood(url: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if status == 200 and isinstance(answer, dict):
        return answer
    if isinstance(answer, dict) and {"error", "code"} <= answer.keys():
        raise Refused(str(answer["error"]), status, str(answer["code"]))
    raise Refused(f"{url} answered {status} and not as mnist-api does", status, None)
