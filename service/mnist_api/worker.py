"""gunicorn's ASGI worker, with two manners of ours.

It answers what is not even HTTP by our error contract, and when it stops it closes the connections
on which nothing is asked any more, instead of waiting out the grace time for them.
"""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

from mnist_api.errors import ApiError
from mnist_api.http.errors import error_body

# While a worker stops, for this share of its grace time an idle connection may still bring a
# request: the client gets its answer and "Connection: close". One second was too little for clients
# on a machine of load 6: their next request crossed the closing, and was lost.
_LINGER_SHARE = 0.5
# Long enough for every answer that was sent without the announcement to be done with.
_ANNOUNCE_SECONDS = 0.1


class MalformedRequest(ApiError):
    """The bytes are not HTTP/1.1, or exceed what one request line or header may have."""

    status, code = 400, "malformed_request"


class Protocol(ASGIProtocol):  # type: ignore[misc]
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Let the worker know the connection, to close it when it stops."""
        self.worker.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.worker.connections.discard(self)
        super().connection_lost(exc)

    def close_if_idle(self) -> None:
        """Close the connection if no request is being received or answered on it."""
        if self._awaiting_request:
            self._close_transport()

    def _will_close(self, request: object, response_requires_close: bool) -> bool:
        closes: bool = super()._will_close(request, response_requires_close)
        return closes or self.worker.is_draining

    def _send_error_response(
        self, status: int, message: str, extra_headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        body = error_body(MalformedRequest(message or HTTPStatus(status).phrase))
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Server", "mnist-api"),
            ("Connection", "close"),
            *extra_headers,
        ]
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self._safe_write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """A process that serves."""

    def init_process(self) -> None:
        """Serve connections with our protocol."""
        self.connections: set[Protocol] = set()
        self.is_draining = False
        # NOTE: the worker names its protocol class in a closure over its module; there is no hook.
        gasgi.ASGIProtocol = Protocol
        super().init_process()

    def handle_exit_signal(self) -> None:
        """Announce the end on every answer first, and only then stop.

        gunicorn closes a connection after an answer once `alive` is false, also where the answer
        was sent just before and promised to keep it; the client's next request was lost.
        """
        self.is_draining = True
        self.loop.call_later(_ANNOUNCE_SECONDS, super().handle_exit_signal)

    async def _shutdown(self) -> None:
        closer = self.loop.create_task(self._close_idle_connections())
        try:
            await super()._shutdown()
        finally:
            closer.cancel()

    async def _close_idle_connections(self) -> None:
        await asyncio.sleep(_LINGER_SHARE * self.cfg.graceful_timeout)
        while True:
            for connection in tuple(self.connections):
                connection.close_if_idle()
            await asyncio.sleep(0.05)
