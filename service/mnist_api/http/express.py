"""Plain predictions from bytes to bytes, beside Falcon.

PERF: a small picture is answered in 50 us; that its request gets to its resource, and the answer
back, takes another 100 by way of Falcon, and 10 here. What is not plain, or goes wrong, takes
Falcon's way from the beginning, which says everything by the contract.
"""

from time import perf_counter

import msgspec
from falcon.uri import parse_query_string

from mnist_api.errors import ApiError
from mnist_api.http.inputs import PredictRequest, last_of, parse_single
from mnist_api.http.middleware import request_id
from mnist_api.http.plain_request import PlainRequest
from mnist_api.http.predict import answer_body
from mnist_api.http.raw_response import prediction_head, with_body
from mnist_api.http.response_cache import Remembered, ResponseCache
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Catalog, Selection
from mnist_api.prediction.predictor import Predictor


class Taken(msgspec.Struct, frozen=True):
    """A request that waits for its turn."""

    request: bytes
    plain: PlainRequest
    asked: PredictRequest
    selection: Selection


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
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    def takes(self, request: bytes, plain: PlainRequest) -> Taken | None:
        """Return a request that most likely can be answered at once, understood.

        Args:
            request: all of it, as it was received.
            plain: the same, taken apart.
        """
        if len(plain.body) > self._max_body_bytes:
            return None
        head = plain.head
        query = last_of(parse_query_string(head.query, keep_blank=True)) if head.query else {}
        try:
            asked = parse_single(head.content_type, plain.body, query)
            if asked is None or asked.version is not None:
                return None
            selection = self._catalog.select(asked.model)
        except ApiError:
            return None
        if not self._predictor.may_answer_at_once(asked.image, selection):
            return None
        return Taken(request, plain, asked, selection)

    def answer(self, taken: Taken, arrived: float) -> bytes | None:
        """Return the whole response to a request, or None where it has to go Falcon's way.

        Args:
            taken: the request.
            arrived: when it did, on `time.perf_counter`'s clock.
        """
        plain, asked, selection = taken.plain, taken.asked, taken.selection
        try:
            prediction = self._predictor.at_once(asked.image, selection, picture=asked.normalised)
        except Exception:  # noqa: BLE001 - Falcon's way meets it again, and has answers to all
            return None
        if prediction is None:
            return None
        body = answer_body(asked, prediction)
        head = prediction_head(plain.head.http, selection.versions, prediction.source, len(body))
        if prediction.source == "local":
            labels = {name: answer.label for name, answer in prediction.answers.items()}
            remembered = Remembered(asked.model, selection, labels, head, body)
            self._responses.put(taken.request, remembered)
        self._metrics.answered("/predict", "POST", "200", perf_counter() - arrived)
        return with_body(head, request_id(plain.given_id, plain.head.traceparent).encode(), body)
