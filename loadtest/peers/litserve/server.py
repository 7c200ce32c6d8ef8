"""LitServe with its fast queue: one process for HTTP, one for the models."""

import sys
from typing import Any

import litserve

from loadtest.peers.models import fastest, pixels_of


class Digits(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.models = fastest()

    def decode_request(self, request: dict[str, Any], **_: Any) -> Any:
        return request["model"], pixels_of(request["image"])

    def predict(self, x: Any, **_: Any) -> int:
        model, pixels = x
        return self.models[model](pixels)

    def encode_response(self, output: int, **_: Any) -> dict[str, int]:
        return {"prediction": output}


if __name__ == "__main__":
    server = litserve.LitServer(Digits(), accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="warning",
        access_log=False,
    )
