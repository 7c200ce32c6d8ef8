"""An event loop that accepts many connections in a turn.

uvloop accepts one connection of a listener in each turn of its loop, and a turn is as long as all
that waits: of 400 clients that came at once the last had to wait for 1.4 s, and at three times
saturation clients gave up while they waited to be accepted: what was accepted was theirs, no answer
came in time, and nobody was refused. Here a turn accepts all that wait, up to a bound; beside other
workers it takes little by little, or who wakes first would take all and leave the others none.
"""

import asyncio
import socket
import ssl as tls
from collections.abc import Callable
from typing import Any

import uvloop

from mnist_api.logs import LOGGER

# Some 5 ms of the loop.
_MOST_IN_A_TURN = 64
# Beside other workers a turn takes one, and of what the worker has already so many parts of a whole
# more: four workers that shared a core, with eight connections for each, had them all on one.
_PARTS = 8
# A process that may open no more files tries again after so long.
_PAUSE_SECONDS = 1.0

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


def most_in_a_turn(workers: int = 1, connections: int = 0) -> int:
    """Return how many connections a worker accepts in a turn.

    Args:
        workers: that accept from the same listener, this one included.
        connections: that it has.
    """
    if workers == 1:
        return _MOST_IN_A_TURN
    return min(_MOST_IN_A_TURN, 1 + connections // _PARTS)


class Acceptor:
    """Accepts the connections of one listening socket, as an `asyncio.Server` does."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        protocol_factory: ProtocolFactory,
        ssl: tls.SSLContext | None = None,
        most: Callable[[], int] = most_in_a_turn,
    ) -> None:
        """Begin to accept.

        Args:
            loop: on which the connections live.
            listener: bound and listening; stays the caller's to close.
            protocol_factory: makes each connection's protocol.
            ssl: for connections that are encrypted here.
            most: tells how many to accept in this turn.
        """
        self._most = most
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
        for _ in range(self._most()):
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

    # uvloop's own constructor takes nothing.
    most_in_a_turn: Callable[[], int] = staticmethod(most_in_a_turn)

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: ProtocolFactory,
        *,
        sock: socket.socket,
        ssl: tls.SSLContext | None = None,
        **_options: object,
    ) -> Acceptor:
        """Serve a listening socket."""
        return Acceptor(self, sock, protocol_factory, ssl, self.most_in_a_turn)
