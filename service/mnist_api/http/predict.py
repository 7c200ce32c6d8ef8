"""`POST /predict/`: an image in, a digit out; many in, many out."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator

import msgspec
from falcon.asgi import Request, Response
from msgspec import UNSET, UnsetType

from mnist_api.errors import ApiError
from mnist_api.http.body import read_body
from mnist_api.http.errors import ErrorBody
from mnist_api.http.inputs import BulkLimits, BulkRequest, PredictRequest, last_of, parse_request
from mnist_api.http.patience import Patience
from mnist_api.imaging.encode import encode_png
from mnist_api.models.catalog import Catalog, Selection
from mnist_api.models.shelf import Shelf
from mnist_api.prediction.predictor import Prediction, Predictor

VERSION_HEADER = "X-Model-Version"
NDJSON = "application/x-ndjson"
_ENCODER = msgspec.json.Encoder()


class PredictResponse(msgspec.Struct, frozen=True):
    """The answer: `prediction` alone, unless more was asked for."""

    prediction: int
    predictions: dict[str, int] | UnsetType = UNSET
    probabilities: dict[str, tuple[float, ...]] | UnsetType = UNSET
    normalised: str | UnsetType = UNSET


# PERF: what most ask for has ten answers.
_PLAIN = tuple(_ENCODER.encode(PredictResponse(digit)) for digit in range(10))


class PredictResource:
    """Predicts the digit of one image."""

    def __init__(
        self,
        catalog: Catalog,
        shelf: Shelf,
        predictor: Predictor,
        patience: Patience,
        max_body_bytes: int,
        max_batch: int,
    ) -> None:
        self._catalog = catalog
        self._shelf = shelf
        self._predictor = predictor
        self._patience = patience
        self._max_body_bytes = max_body_bytes
        self._limits = BulkLimits(max_batch, max_body_bytes)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer the request with `PredictResponse`, or many images with one of each."""
        body = await read_body(req, self._max_body_bytes)
        deadline = self._patience.deadline(req)
        asked = parse_request(req.content_type, body, last_of(req.params), self._limits)
        fresh = "no-cache" in (req.get_header("Cache-Control") or "")
        if asked.version is None:
            selection = self._catalog.select(asked.model)
        else:
            selection = await self._shelf.select(asked.model, asked.version)
        resp.set_header(VERSION_HEADER, selection.versions)
        if isinstance(asked, BulkRequest):
            results = self._results(asked, selection, deadline, fresh=fresh)
            if NDJSON in (req.get_header("Accept") or ""):
                resp.content_type = NDJSON
                resp.stream = (_ENCODER.encode(result) + b"\n" async for result in results)
            else:
                resp.data = _ENCODER.encode({"results": [result async for result in results]})
            return
        prediction = await self._predict(asked, asked.image, selection, deadline, fresh=fresh)
        resp.set_header("X-Cache", prediction.source)
        resp.data = answer_body(asked, prediction)

    async def _predict(
        self,
        asked: PredictRequest | BulkRequest,
        image: bytes,
        selection: Selection,
        deadline: float,
        *,
        fresh: bool,
    ) -> Prediction:
        return await self._predictor.predict(
            image, selection, deadline=deadline, picture=asked.normalised, fresh=fresh
        )

    async def _results(
        self, asked: BulkRequest, selection: Selection, deadline: float, *, fresh: bool
    ) -> AsyncIterator[PredictResponse | ErrorBody]:
        """Give each image's answer or error, in order; other requests have their turns between."""
        for image in asked.images:
            try:
                if isinstance(image, ApiError):
                    raise image
                prediction = await self._predict(asked, image, selection, deadline, fresh=fresh)
            except ApiError as error:
                yield ErrorBody(error.message, error.code)
            else:
                yield _answer(asked, prediction)
            await asyncio.sleep(0)


def answer_body(asked: PredictRequest, prediction: Prediction) -> bytes:
    """Return the JSON of an answer."""
    if asked.model and not asked.probabilities and prediction.picture is None:
        return _PLAIN[prediction.label]
    return _ENCODER.encode(_answer(asked, prediction))


def _answer(asked: PredictRequest | BulkRequest, prediction: Prediction) -> PredictResponse:
    answers = prediction.answers
    return PredictResponse(
        prediction.label,
        UNSET if asked.model else {name: answer.label for name, answer in answers.items()},
        {name: answer.probabilities for name, answer in answers.items()}
        if asked.probabilities
        else UNSET,
        UNSET
        if prediction.picture is None
        else "data:image/png;base64," + b64encode(encode_png(prediction.picture)).decode(),
    )
