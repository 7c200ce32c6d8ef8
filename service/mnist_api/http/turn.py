"""What a connection and the application tell each other of a request."""

from dataclasses import dataclass
from time import perf_counter

from falcon.asgi import Request

# Under this name the server's connection puts a request's turn into its ASGI scope.
TURN = "mnist_api.turn"


@dataclass(slots=True)
class Turn:
    """A request on its way."""

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
