"""FastAPI under uvicorn with uvloop and httptools, predicting on the event loop as we do."""

from fastapi import FastAPI
from pydantic import BaseModel

from loadtest.peers.models import fastest, pixels_of


class Question(BaseModel):
    model: str
    image: str


class Answer(BaseModel):
    prediction: int


def application() -> FastAPI:
    app, models = FastAPI(), fastest()

    # `async`: FastAPI would hand a plain function to a thread, which costs more than the model.
    @app.post("/predict")
    async def predict(question: Question) -> Answer:
        return Answer(prediction=models[question.model](pixels_of(question.image)))

    return app
