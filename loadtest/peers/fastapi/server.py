"""FastAPI under uvicorn with uvloop and httptools, predicting on the event loop as we do."""

from fastapi import FastAPI
from pydantic import BaseModel

from loadtest.peers.models import Predict, fastest, pixels_of, scikit_learn


class Question(BaseModel):
    model: str
    image: str


class Answer(BaseModel):
    prediction: int


def application(models: dict[str, Predict] | None = None) -> FastAPI:
    app, models = FastAPI(), models or fastest()

    # `async`: FastAPI would hand a plain function to a thread, which costs more than the model.
    @app.post("/predict")
    async def predict(question: Question) -> Answer:
        return Answer(prediction=models[question.model](pixels_of(question.image)))

    return app


def application_of_scikit_learn() -> FastAPI:
    return application(scikit_learn())
