"""KServe's Python server with custom predictors, asked as its image example is: base64 by V1."""

import argparse
from typing import Any

import kserve

from loadtest.peers.models import Predict, fastest, pixels_of


class Digits(kserve.Model):
    def __init__(self, name: str, model: Predict) -> None:
        super().__init__(name)
        self.model = model
        self.ready = True

    async def predict(self, payload: Any, headers: Any = None, **_: Any) -> dict[str, list[int]]:
        images = [pixels_of(instance["image"]["b64"]) for instance in payload["instances"]]
        return {"predictions": [self.model(pixels) for pixels in images]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
    options, _ = parser.parse_known_args()
    server = kserve.ModelServer(workers=1, enable_grpc=False, access_log_format=None)
    server.start([Digits(name, model) for name, model in fastest().items()])
