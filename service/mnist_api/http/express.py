"""Plain predictions from bytes to bytes, beside Falcon.

PERF: a small picture is answered in 50 us; that its request gets to its resource, and the answer
back, takes another 100 by way of Falcon, and 10 here. What is not plain, or goes wrong, takes
Falcon's way from the beginning, which says everything by the contract.
"""

from time import perf_counter

from falcon.uri import parse_query_string

from mnist_api.errors import ApiError
from mnist_api.http.inputs import PredictRequest, last_of, parse_single
from mnist_api.http.middleware import request_id
from mnist_api.http.plain_request import PlainRequest
from mnist_api.http.predict import answer_body
from mnist_api.http.raw_response import prediction_head, with_body
from mnist_api.http.response_cache import Remembered, ResponseCache
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Catalog
from mnist_api.prediction.predictor import Predictor


class Express:
    """Answers what it can without waiting for anything."""

    def __init__(
        self,
        catalog: Catalog,
        predictor: Predictor,
        responses: ResponseCache,
        metrics: Metrics,
        max_body_bytes: int,
    ) -> None:
        self._catalog = catalog
        self._predictor = predictor
        self._responses = responses
        self._answered = metrics.request_counter("/predict", "POST", "200")
        self._durations = metrics.request_timer("/predict")
        self._max_body_bytes = max_body_bytes

    def answer(self, request: bytes, plain: PlainRequest, arrived: float) -> bytes | None:
        """Return the whole response to a request, or None where it has to go Falcon's way.

        Args:
            request: all of it, as it was received.
            plain: the same, taken apart.
            arrived: when it did, on `time.perf_counter`'s clock.
        """
        try:
            asked = self._understood(plain)
            if asked is None:
                return None
            selection = self._catalog.select(asked.model)
            prediction = self._predictor.at_once(asked.image, selection, picture=asked.normalised)
        except ApiError:
            return None
        if prediction is None:
            return None
        head, body = plain.head, answer_body(asked, prediction)
        start = prediction_head(head.http, selection.versions, prediction.source, len(body))
        if prediction.source == "local":
            labels = {name: answer.label for name, answer in prediction.answers.items()}
            remembered = Remembered(asked.model, selection, labels, start, body)
            self._responses.put(request, remembered)
        self._answered.inc()
        self._durations.observe(perf_counter() - arrived)
        return with_body(start, request_id(plain.given_id, head.traceparent).encode(), body)

    def _understood(self, plain: PlainRequest) -> PredictRequest | None:
        """Return what is asked, or None for what has to go Falcon's way.

        Raises:
            InvalidRequest: as `parse_single` says.
        """
        head = plain.head
        if len(plain.body) > self._max_body_bytes:
            return None
        query = last_of(parse_query_string(head.query, keep_blank=True)) if head.query else {}
        asked = parse_single(head.content_type, plain.body, query)
        return asked if asked is not None and asked.version is None else None
