"""`POST /predict/`: an image in, a digit out."""

from base64 import b64encode

import msgspec
from falcon.asgi import Request, Response
from msgspec import UNSET, UnsetType

from mnist_api.http.body import read_body
from mnist_api.http.inputs import PredictRequest, parse_request
from mnist_api.http.patience import Patience
from mnist_api.imaging.encode import encode_png
from mnist_api.prediction.predictor import Prediction, Predictor

_ENCODER = msgspec.json.Encoder()


class PredictResponse(msgspec.Struct, frozen=True):
    """The answer: `prediction` alone, unless more was asked for."""

    prediction: int
    predictions: dict[str, int] | UnsetType = UNSET
    probabilities: dict[str, tuple[float, ...]] | UnsetType = UNSET
    normalised: str | UnsetType = UNSET


class PredictResource:
    """Predicts the digit of one image."""

    def __init__(self, predictor: Predictor, patience: Patience, max_body_bytes: int) -> None:
        self._predictor = predictor
        self._patience = patience
        self._max_body_bytes = max_body_bytes

    async def on_post(self, req: Request, resp: Response) -> None:
        """Answer the request with `PredictResponse`."""
        body = await read_body(req, self._max_body_bytes)
        deadline = self._patience.deadline(req)
        asked = parse_request(req.content_type, body, _query(req))
        prediction = await self._predictor.predict(
            asked.image,
            asked.model,
            deadline=deadline,
            picture=asked.normalised,
            fresh="no-cache" in (req.get_header("Cache-Control") or ""),
        )
        resp.set_header("X-Cache", prediction.source)
        resp.data = _ENCODER.encode(_answer(asked, prediction))


def _query(req: Request) -> dict[str, str]:
    """Return the query's fields; of one that is given twice, the last."""
    return {
        name: values if isinstance(values, str) else values[-1]
        for name, values in req.params.items()
    }


def _answer(asked: PredictRequest, prediction: Prediction) -> PredictResponse:
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
