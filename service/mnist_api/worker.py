"""gunicorn's ASGI worker, with two manners of ours.

When it stops it closes the connections on which nothing is asked any more, instead of waiting out
the grace time for them; and it closes those whose request does not get past its headers.
"""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

from gunicorn import glogging
from gunicorn.workers import gasgi

from mnist_api.connection import Connection
from mnist_api.settings import Settings

# While a worker stops, for this share of its grace time an idle connection may still bring a
# request: the client gets its answer and "Connection: close". One second was too little for clients
# on a machine of load 6: their next request crossed the closing, and was lost.
_LINGER_SHARE = 0.5
# Long enough for every answer that was sent without the announcement to be done with.
_ANNOUNCE_SECONDS = 0.1
_SWEEP_SECONDS = 1.0
# uvloop accepts one connection of a listener in each turn of its loop, and a turn is as long as all
# that waits: of 400 clients that came at once the last had to wait for 1.4 s. So each listener is
# there this many times. With 16, at three times saturation, clients gave up while they waited to be
# accepted, and what was accepted was theirs: no answer came in time, and nobody was refused. It has
# its price: a connection that comes alone costs 0.2 ms more than with 16, as all listeners wake up.
_ACCEPTED_PER_TURN = 128


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's logger without its log of accesses, which is ours to write.

    Configured by a dictionary it made up each line, 8 % of a prediction's time, to throw it away.
    """

    access_log_enabled = False


class _Listener:
    """A listening socket once more; as gunicorn's, it is held in `sock`."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def close(self) -> None:
        """Close this copy."""
        self.sock.close()


def _repeated(listener: Any) -> Iterator[Any]:  # noqa: ANN401 - gunicorn has no types
    yield listener
    for _ in range(_ACCEPTED_PER_TURN - 1):
        yield _Listener(listener.sock.dup())


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """A process that serves."""

    sockets: list[Any]

    def init_process(self) -> None:
        """Serve connections with our protocol."""
        self.connections: set[Connection] = set()
        self.is_draining = False
        # NOTE: the worker names its protocol class in a closure over its module; there is no hook.
        gasgi.ASGIProtocol = Connection
        super().init_process()

    def handle_exit_signal(self) -> None:
        """Announce the end on every answer first, and only then stop.

        gunicorn closes a connection after an answer once `alive` is false, also where the answer
        was sent just before and promised to keep it; the client's next request was lost.
        """
        self.is_draining = True
        self.loop.call_later(_ANNOUNCE_SECONDS, super().handle_exit_signal)

    async def _serve(self) -> None:
        self.sockets = [copy for listener in self.sockets for copy in _repeated(listener)]
        self.loop.call_later(_SWEEP_SECONDS, self._lengthen_queues)
        sweeper = self.loop.create_task(self._end_what_is_late())
        try:
            await super()._serve()
        finally:
            sweeper.cancel()

    def _lengthen_queues(self) -> None:
        # The loop has cut the queues of connections to asyncio's default, 100: of 256 clients that
        # came at once the others heard nothing, tried again after 1, 2, 4 s, and all at once again.
        if not self.is_draining:
            for listener in self.sockets:
                listener.sock.listen(self.cfg.backlog)

    async def _end_what_is_late(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            settings: Settings | None = self.state.get("settings")
            if settings is not None:
                now = self.loop.time()
                for connection in tuple(self.connections):
                    connection.end_what_is_late(
                        now - settings.head_timeout_seconds, now - settings.body_timeout_seconds
                    )

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
