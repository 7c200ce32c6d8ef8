"""An event loop that accepts many connections in a turn.

uvloop accepts one connection of a listener in each turn of its loop, and a turn is as long as all
that waits: of 400 clients that came at once the last had to wait for 1.4 s, and at three times
saturation clients gave up while they waited to be accepted: what was accepted was theirs, no answer
came in time, and nobody was refused. Here a turn accepts all that wait, up to a bound.
"""

import asyncio
import socket
import ssl as tls
from collections.abc import Callable
from typing import Any

import uvloop

from mnist_api.logs import LOGGER

# Some 5 ms of the loop, and so many at most that one worker takes before another's turn.
_MOST_IN_A_TURN = 64
# A process that may open no more files tries again after so long.
_PAUSE_SECONDS = 1.0

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


class Acceptor:
    """Accepts the connections of one listening socket, as an `asyncio.Server` does."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        protocol_factory: ProtocolFactory,
        ssl: tls.SSLContext | None = None,
    ) -> None:
        """Begin to accept.

        Args:
            loop: on which the connections live.
            listener: bound and listening; stays the caller's to close.
            protocol_factory: makes each connection's protocol.
            ssl: for connections that are encrypted here.
        """
        self._loop = loop
        self._listener = listener
        self._protocol_factory = protocol_factory
        self._ssl = ssl
        # The loop itself holds its tasks weakly.
        self._openings: set[asyncio.Task[Any]] = set()
        self._is_closed = False
        listener.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Accept no more."""
        self._is_closed = True
        self._loop.remove_reader(self._listener)

    async def wait_closed(self) -> None:
        """Return once every connection that was accepted has its protocol."""
        if self._openings:
            await asyncio.wait(self._openings)

    def _listen(self) -> None:
        if not self._is_closed:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(_MOST_IN_A_TURN):
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                LOGGER.warning("no connection can be accepted for a moment: %s", error)
                self._loop.remove_reader(self._listener)
                self._loop.call_later(_PAUSE_SECONDS, self._listen)
                return
            opening = self._loop.create_task(self._open(connection))
            self._openings.add(opening)
            opening.add_done_callback(self._openings.discard)

    async def _open(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._protocol_factory, connection, ssl=self._ssl
            )
        except OSError as error:
            LOGGER.debug("a connection ended before it began: %s", error)
            connection.close()


class AcceptingLoop(uvloop.Loop):
    """uvloop's, but for how its servers accept."""

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: ProtocolFactory,
        *,
        sock: socket.socket,
        ssl: tls.SSLContext | None = None,
        **_options: object,
    ) -> Acceptor:
        """Serve a listening socket."""
        return Acceptor(self, sock, protocol_factory, ssl)
