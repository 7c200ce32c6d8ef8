"""How long a request may take, and whether there is time for it at all."""

from falcon.asgi import Request

from mnist_api.errors import InvalidRequest, Overloaded
from mnist_api.http.turn import turn_of
from mnist_api.metrics import Metrics
from mnist_api.prediction.admission import Admission

BUSY = "more is asked than can be answered in time; try again soon"
_HEADER = "X-Request-Timeout-Ms"


class Patience:
    """Gives each request its deadline, and refuses those for which there is no time."""

    def __init__(self, timeout_seconds: float, admission: Admission, metrics: Metrics) -> None:
        self._timeout = timeout_seconds
        self._admission = admission
        self._refused = metrics.rejection_counter("waiting")

    def deadline(self, req: Request) -> float:
        """Return until when a request is worth computing, on `time.perf_counter`'s clock.

        Raises:
            InvalidRequest: the client's own limit is no number of milliseconds.
            Overloaded: the request came, or waited, while more was asked than can be answered.
        """
        turn = turn_of(req)
        turn.is_refused = turn.is_refused or self._admission.is_stale(turn.arrived)
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
