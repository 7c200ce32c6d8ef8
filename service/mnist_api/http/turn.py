"""What a connection and the application tell each other of a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

from falcon.asgi import Request

from mnist_api.models.catalog import Selection

# Under this name the server's connection puts a request's turn into its ASGI scope.
TURN = "mnist_api.turn"


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer that needed no computing, and will not as long as the same weights are served."""

    model: str | None
    """As asked for; None for all."""
    selection: Selection
    labels: Mapping[str, int]
    """The digit by model."""
    body: bytes
    """Of the response."""


@dataclass(slots=True)
class Turn:
    """A request on its way."""

    arrived: float
    """When its head was there, on `time.perf_counter`'s clock."""
    is_refused: bool = False
    """It came while more was asked than can be answered in time."""
    is_late: bool = False
    """Its body took too long to arrive, and is cut off."""
    remembered: Remembered | None = None
    """Set by the application where its answer may be given again without asking it."""


def turn_of(req: Request) -> Turn:
    """Return a request's turn; on a server that gives none, one that begins now."""
    turn: Turn = req.scope.get(TURN) or Turn(perf_counter())
    return turn
