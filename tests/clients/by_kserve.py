"""`by_kserve.py HOST:PORT DIGITS.npz`: print the labels that the hold-out gets by KServe's client.

JSON tensors both ways, in FP32 of 0 to 1.
"""

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

BATCH = 250


async def ask(address: str, images: np.ndarray) -> list[int]:
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
    base = f"http://{address}"
    assert await client.is_server_live(base)
    assert await client.is_server_ready(base)
    assert await client.is_model_ready(base, "cnn")
    labels: list[int] = []
    for first in range(0, len(images), BATCH):
        batch = images[first : first + BATCH].astype(np.float32) / 255
        tensor = InferInput("input", list(batch.shape), "FP32")
        tensor.set_data_from_numpy(batch, binary_data=False)
        answer = await client.infer(base, InferRequest("cnn", [tensor]), model_name="cnn")
        [label] = [output for output in answer.outputs if output.name == "label"]
        labels += label.as_numpy().tolist()
    return labels


def main() -> None:
    address, digits = sys.argv[1:]
    with np.load(digits, allow_pickle=False) as arrays:
        images = arrays["holdout_images"]
    json.dump(asyncio.run(ask(address, images)), sys.stdout)


main()
