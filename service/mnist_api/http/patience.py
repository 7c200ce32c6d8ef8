"""How long a request may take, and whether there is time for it at all."""

from dataclasses import dataclass
from time import perf_counter

from falcon.asgi import Request

from mnist_api.errors import InvalidRequest, Overloaded
from mnist_api.metrics import Metrics

# Under this name the server's connection puts a request's turn into its ASGI scope.
TURN = "mnist_api.turn"
BUSY = "more is asked than can be answered in time; try again soon"
_HEADER = "X-Request-Timeout-Ms"


@dataclass(slots=True)
class Turn:
    """What the connection knows of a request."""

    arrived: float
    """When its head was there, on `time.perf_counter`'s clock."""
    is_refused: bool = False
    """It came while more was asked than can be answered in time."""
    is_late: bool = False
    """Its body took too long to arrive, and is cut off."""


def turn_of(req: Request) -> Turn:
    """Return a request's turn; on a server that gives none, one that begins now."""
    turn: Turn = req.scope.get(TURN) or Turn(perf_counter())
    return turn


class Patience:
    """Gives each request its deadline, and refuses those for which there is no time."""

    def __init__(self, timeout_seconds: float, metrics: Metrics) -> None:
        self._timeout = timeout_seconds
        self._refused = metrics.rejection_counter("waiting")

    def deadline(self, req: Request) -> float:
        """Return until when a request is worth computing, on `time.perf_counter`'s clock.

        Raises:
            InvalidRequest: the client's own limit is no number of milliseconds.
            Overloaded: the request came while more was asked than can be answered.
        """
        turn = turn_of(req)
        if turn.is_refused:
            self._refused.inc()
            raise Overloaded(BUSY)
        asked = req.get_header(_HEADER)
        return turn.arrived + (
            self._timeout if asked is None else min(self._timeout, _seconds(asked))
        )


def _seconds(asked: str) -> float:
    if not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        raise InvalidRequest(f"{_HEADER} must be a number of milliseconds, not {asked[:64]!r}")
    return int(asked) / 1000
