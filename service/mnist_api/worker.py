"""gunicorn's ASGI worker, with two manners of ours.

When it stops it closes the connections on which nothing is asked any more, instead of waiting out
the grace time for them; and it closes those whose request does not get past its headers.
"""

import asyncio

from gunicorn import glogging
from gunicorn.workers import gasgi

from mnist_api.accepting import AcceptingLoop, most_in_a_turn
from mnist_api.awaiting import Awaited
from mnist_api.connection import Connection
from mnist_api.logs import LOGGER
from mnist_api.rounds import Round
from mnist_api.settings import Settings

# While a worker stops, for this share of its grace time an idle connection may still bring a
# request: the client gets its answer and "Connection: close". One second was too little for clients
# on a machine of load 6: their next request crossed the closing, and was lost.
_LINGER_SHARE = 0.5
# Long enough for every answer that was sent without the announcement to be done with.
_ANNOUNCE_SECONDS = 0.1
_SWEEP_SECONDS = 1.0


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's logger without its log of accesses, which is ours to write.

    Configured by a dictionary it made up each line, 8 % of a prediction's time, to throw it away.
    """

    access_log_enabled = False


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """A process that serves."""

    def init_process(self) -> None:
        """Serve connections with our protocol."""
        self.connections: set[Connection] = set()
        self.is_draining = False
        # NOTE: the worker names its protocol class in a closure over its module; there is no hook.
        gasgi.ASGIProtocol = Connection
        super().init_process()

    def _setup_event_loop(self) -> None:
        self.loop = AcceptingLoop()
        self.loop.most_in_a_turn = self._most_in_a_turn
        asyncio.set_event_loop(self.loop)
        self.round = Round(self.loop)

    def _most_in_a_turn(self) -> int:
        return most_in_a_turn(self.cfg.workers, len(self.connections))

    def handle_exit_signal(self) -> None:
        """Announce the end on every answer first, and only then stop.

        gunicorn closes a connection after an answer once `alive` is false, also where the answer
        was sent just before and promised to keep it; the client's next request was lost.
        """
        self.is_draining = True
        self.loop.call_later(_ANNOUNCE_SECONDS, super().handle_exit_signal)

    async def _serve(self) -> None:
        sweeper = self.loop.create_task(self._end_what_is_late())
        try:
            await super()._serve()
        finally:
            sweeper.cancel()

    async def _end_what_is_late(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            settings: Settings | None = self.state.get("settings")
            if settings is not None:
                self.sweep(settings)

    def sweep(self, settings: Settings) -> None:
        """End what clients take too long for."""
        now = self.loop.time()
        before = {
            Awaited.HEAD: now - settings.head_timeout_seconds,
            Awaited.BODY: now - settings.body_timeout_seconds,
            Awaited.NEXT: now - settings.keepalive_seconds,
        }
        for connection in tuple(self.connections):
            # One that fails must not end the sweeping, on which all bounds of time depend.
            try:
                connection.end_what_is_late(before)
            except Exception:  # noqa: BLE001
                LOGGER.exception("a late connection cannot be ended in good manner")
                connection.abort()

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
