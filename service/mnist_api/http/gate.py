"""Refuses predictions before they are parsed.

PERF: a refusal must cost next to nothing, or refusing is all that a worker does when three times as
much is asked as it can answer. Falcon's way to a 503 takes 100 us, and 300 where the picture is
opened first; here it is 15.
"""

from collections.abc import Callable
from functools import partial

from mnist_api.http.middleware import new_request_id
from mnist_api.http.patience import BUSY
from mnist_api.http.raw_request import id_of, png_pixels, prediction_body
from mnist_api.http.raw_response import refusal
from mnist_api.metrics import Metrics
from mnist_api.prediction.admission import Admission
from mnist_api.prediction.decode_pool import BUSY as DECODING_BUSY
from mnist_api.prediction.decode_pool import DecodePool
from mnist_api.prediction.holding import Holding

# Bytes of a request that holds no large picture, or one with next to nothing on it.
_SMALL = 2048
# The id's place is filled in for each request.
_ANSWERS = {
    reason: refusal(message, **{"X-Request-ID": "%s"})
    for reason, message in {"waiting": BUSY, "decoding": DECODING_BUSY}.items()
}


class Gate:
    """Knows what there is no time for."""

    def __init__(
        self,
        admission: Admission,
        holding: Holding,
        pool: DecodePool,
        inline_pixels: int,
        metrics: Metrics,
    ) -> None:
        """Begin with all welcome.

        Args:
            admission: counts what waits for the event loop.
            holding: keeps refusals back.
            pool: decodes what has more than `inline_pixels`.
            inline_pixels: see `pool`.
            metrics: where refusals are counted.
        """
        self._admission = admission
        self._holding = holding
        self._pool = pool
        self._inline_pixels = inline_pixels
        self._rejections = {reason: metrics.rejection_counter(reason) for reason in _ANSWERS}
        self._answered = metrics.request_counter("/predict", "POST", "503")

    def refuses(self, request: bytes, respond: Callable[[bytes], None]) -> bool:
        """Tell whether there is no time for a prediction; if so, have it answered, now or later.

        A large picture that is let in counts until it is there to be decoded: all that came in one
        turn of the loop is let in or refused before the first of it gets there.

        Args:
            request: what came first on a connection, or after the last answer.
            respond: sends a whole response.
        """
        refusal = self._refusal(request)
        if refusal is None:
            return False
        if self._admission.may_hold:
            self._holding.hold(partial(respond, refusal))
        else:
            respond(refusal)
        return True

    def _refusal(self, request: bytes) -> bytes | None:
        if not (self._admission.is_crowded or self._pool.is_crowded or len(request) >= _SMALL):
            return None
        is_full = not self._admission.admits()
        body = prediction_body(request)
        if not body:
            return None
        if is_full:
            return self._refused(request, "waiting")
        if png_pixels(request, body) > self._inline_pixels:
            if not self._pool.admits():
                return self._refused(request, "decoding")
            self._pool.expect()
        return None

    def too_late(self, request: bytes) -> bytes:
        """Return the whole response to a prediction that has waited too long."""
        return self._refused(request, "waiting")

    def _refused(self, request: bytes, reason: str) -> bytes:
        self._rejections[reason].inc()
        self._answered.inc()
        return _ANSWERS[reason] % (id_of(request) or new_request_id().encode())
