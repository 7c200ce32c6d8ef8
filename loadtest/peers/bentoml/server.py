"""BentoML: one worker, the API on its event loop."""

import bentoml

from loadtest.peers.models import fastest, pixels_of


@bentoml.service(workers=1, metrics={"enabled": False}, tracing={"sample_rate": 0.0})
class Digits:
    def __init__(self) -> None:
        self.models = fastest()

    @bentoml.api
    async def predict(self, model: str, image: str) -> dict[str, int]:
        return {"prediction": self.models[model](pixels_of(image))}
