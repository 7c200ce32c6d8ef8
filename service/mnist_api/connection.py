"""gunicorn's HTTP connection, with manners of ours.

It answers what is not even HTTP by our error contract. Before gunicorn parses a prediction, held
until it is whole, it gives again what it answered before, refuses what there is no time for, or has
it answered beside Falcon, in a round with what else came. And it knows since when it waits for a
request, its head or its body.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol

from mnist_api.awaiting import Awaited, Awaiting
from mnist_api.errors import IncompleteHead, MalformedRequest
from mnist_api.http.express import Express
from mnist_api.http.gate import Gate
from mnist_api.http.plain_request import plain_request
from mnist_api.http.raw_response import answer, refusal
from mnist_api.http.response_cache import ResponseCache
from mnist_api.http.turn import TURN, Turn
from mnist_api.metrics import Metrics
from mnist_api.prediction.admission import Admission

_FULL_ANSWER = refusal("too many connections; try again soon", Connection="close")
# Of a body that comes in pieces so much is waited for before anything is done; of more at once.
_MOST_HELD = 1 << 16


class Connection(ASGIProtocol):  # type: ignore[misc]
    """One client's connection."""

    def __init__(self, worker: Any) -> None:  # noqa: ANN401 - gunicorn has no types
        super().__init__(worker)
        self._admission: Admission = worker.state["admission"]
        self._express: Express | None = worker.state["express"]
        self._gate: Gate = worker.state["gate"]
        self._metrics: Metrics = worker.state["metrics"]
        self._responses: ResponseCache = worker.state["responses"]
        self._behind: bytes | None = None
        self._held: bytearray | None = None
        self._held_until = 0
        self._is_between_requests = True
        self._awaiting = Awaiting(worker.loop.time)
        self._turn: Turn | None = None
        self._is_waiting = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Let the worker know the connection, or refuse it where there are too many."""
        self._awaiting.begin(Awaited.HEAD)
        super().connection_made(transport)
        if len(self.worker.connections) >= self.cfg.worker_connections:
            self._metrics.rejection_counter("connections").inc()
            self._safe_write(_FULL_ANSWER)
            self._close_transport()
        else:
            self.worker.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection, and the request that waited on it."""
        self.worker.connections.discard(self)
        self._take_turn()
        super().connection_lost(exc)

    def close_if_idle(self) -> None:
        """Close the connection if no request is being received or answered on it."""
        if self._awaiting_request and self._behind is None and self._held is None:
            self._close_transport()

    def end_what_is_late(self, before: Mapping[Awaited, float]) -> None:
        """End a wait that began before a time, which is given for each thing that is awaited."""
        late = self._awaiting.late(before)
        if late is Awaited.NEXT:
            self._keepalive_timeout()
        elif late is Awaited.HEAD:
            error = IncompleteHead("the request's line and headers took too long to arrive")
            self._safe_write(answer(error, error.status, {"Connection": "close"}))
            self._close_transport()
        elif late is Awaited.BODY:
            self._end_body()

    def _end_body(self) -> None:
        """Have the application hear that a body is late; one held back is left to its way first."""
        if self._held is not None:
            since = self._awaiting.since
            self._parse(self._take_held())
            # It is told at the next look, by when it waits for the body.
            self._awaiting.since = since
            return
        assert self._turn is not None, "a body follows a head"  # noqa: S101
        self._turn.is_late = True
        self._body_receiver.signal_disconnect()

    def _arm_keepalive_timer(self) -> None:
        # PERF: two timers a request took more than a look at all connections once a second does.
        self._awaiting.begin(Awaited.NEXT)

    def _cancel_keepalive_timer(self) -> None:
        self._awaiting.end(Awaited.NEXT)

    def data_received(self, data: bytes) -> None:
        """Take what came to where it belongs: behind a request, to it, or as one."""
        if self._behind is not None:
            self._behind += data
        elif self._held is not None:
            self._held.extend(data)
            if len(self._held) >= self._held_until:
                self._awaiting.end(Awaited.BODY)
                self._receive(self._take_held())
        elif self._is_between_requests:
            self._receive(data)
        else:
            self._parse(data)

    def _receive(self, request: bytes) -> None:
        """Have a request answered in this turn's round, or go on with it there."""
        # A client that does not read its answers is not read from, either, on Falcon's way.
        if self._flow_control.write_paused or self.worker.is_draining:
            self._parse(request)
            return
        self._behind = b""
        self._awaiting.end(Awaited.NEXT)
        respond = partial(self.worker.round.send, self, request)
        remembered = self._responses.get(request)
        if remembered is not None:
            respond(remembered)
        elif not self._gate.refuses(request, respond):
            self._is_waiting = True
            self.worker.round.join(self, request, self._admission.arrived())

    def answer(self, request: bytes, arrived: float) -> bytes | None:
        """Return the whole response to a request, empty where there is none to be sent yet.

        Args:
            request: what came first on the connection, or after the last answer.
            arrived: when it did, on `time.perf_counter`'s clock.

        Returns:
            None for what has to go Falcon's way.
        """
        self._take_turn()
        if self._closed:
            return b""
        if self._express is None:
            return None
        plain = plain_request(request)
        if plain is None or plain.missing > _MOST_HELD:
            return None
        if plain.missing:
            self._hold(request, plain.missing)
            return b""
        if self._admission.is_stale(arrived):
            return self._gate.too_late(request)
        response = self._express.answer(request, plain, arrived)
        if response is not None:
            self._admission.finished(arrived)
        return response

    def finish(self, request: bytes, response: bytes | None) -> None:
        """Send the response to a request, or go on with it."""
        behind, self._behind = self._behind, None
        if self._closed:
            return
        if response is None:
            self._parse(request)
        elif response:
            self._respond(response)
        if behind:
            self.data_received(behind)

    def abort(self) -> None:
        """Close the connection at once."""
        self.transport.abort()

    def _hold(self, data: bytes, missing: int) -> None:
        """Keep what is there of a request back until all of it is."""
        self._held = bytearray(data)
        self._held_until = len(data) + missing
        self._awaiting.begin(Awaited.BODY)

    def _take_held(self) -> bytes:
        held, self._held = bytes(self._held or b""), None
        return held

    def _respond(self, response: bytes) -> None:
        self._safe_write(response)
        self._awaiting.begin(Awaited.NEXT)

    def _parse(self, data: bytes) -> None:
        if self._is_between_requests:
            self._is_between_requests = False
            if self._awaiting.what is not Awaited.HEAD:
                self._awaiting.begin(Awaited.HEAD)
        super().data_received(data)

    def _on_headers_complete(self) -> bool:
        self._is_between_requests = False
        self._awaiting.begin(Awaited.BODY)
        is_refused = not self._admission.admits()
        self._turn = Turn(self._admission.arrived(), is_refused=is_refused)
        self._is_waiting = True
        skip_body: bool = super()._on_headers_complete()
        return skip_body

    def _on_message_complete(self) -> None:
        # Not what is awaited since an answer that came before the body's end.
        self._awaiting.end(Awaited.BODY)
        super()._on_message_complete()

    async def _serve_http_request(self, request: object, sockname: object, peer: object) -> bool:
        # PERF: gunicorn runs each request as a task of its own, so that an application may go on
        # after its answer. Ours never does; without the task a request takes 10 us less.
        turn = self._turn
        assert turn is not None, "a request is served once its head is there"  # noqa: S101
        self._take_turn()
        try:
            keepalive: bool = await self._handle_http_request(request, sockname, peer)
        finally:
            # A refusal says nothing of the pace.
            if not turn.is_refused:
                self._admission.finished(turn.arrived)
            self._is_between_requests = True
        return keepalive

    def _take_turn(self) -> None:
        if self._is_waiting:
            self._admission.started()
            self._is_waiting = False

    def _build_http_scope(self, request: object, sockname: object, peer: object) -> dict[str, Any]:
        scope: dict[str, Any] = super()._build_http_scope(request, sockname, peer)
        scope[TURN] = self._turn
        return scope

    def _will_close(self, request: object, response_requires_close: bool) -> bool:
        closes: bool = super()._will_close(request, response_requires_close)
        return closes or self.worker.is_draining

    def _send_response_start(
        self,
        status: int,
        headers: Sequence[tuple[bytes, bytes]],
        request: Any,  # noqa: ANN401 - gunicorn has no types
        close: bool = False,
    ) -> None:
        # A client of HTTP/1.0 that asked to keep the connection, such as `ab -k`, waits for its end
        # unless it is told that it is kept; gunicorn keeps it and says nothing.
        if not close and request.version < (1, 1):
            headers = [*headers, (b"connection", b"keep-alive")]
        super()._send_response_start(status, headers, request, close=close)

    def _send_error_response(
        self, status: int, message: str, extra_headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        error = MalformedRequest(message or HTTPStatus(status).phrase)
        self._safe_write(answer(error, status, {**dict(extra_headers), "Connection": "close"}))
