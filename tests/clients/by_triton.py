"""`by_triton.py HOST:PORT DIGITS.npz`: print the labels that the hold-out gets by tritonclient.

Binary tensors both ways, as the client does of its own accord.
"""

import json
import sys

import numpy as np
import tritonclient.http as triton

BATCH = 500


def main() -> None:
    address, digits = sys.argv[1:]
    with np.load(digits, allow_pickle=False) as arrays:
        images = arrays["holdout_images"]
    client = triton.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("cnn")
    metadata = client.get_model_metadata("cnn")
    version = metadata["versions"][0]
    labels: list[int] = []
    for first in range(0, len(images), BATCH):
        batch = images[first : first + BATCH]
        tensor = triton.InferInput(metadata["inputs"][0]["name"], batch.shape, "UINT8")
        tensor.set_data_from_numpy(batch)
        outputs = [
            triton.InferRequestedOutput("label"),
            triton.InferRequestedOutput("probabilities", binary_data=False),
        ]
        answer = client.infer(
            "cnn", [tensor], model_version=version, outputs=outputs, request_id=f"batch-{first}"
        )
        assert answer.get_response()["id"] == f"batch-{first}"
        found = answer.as_numpy("label")
        assert (answer.as_numpy("probabilities").argmax(axis=1) == found).all()
        labels += found.tolist()
    json.dump(labels, sys.stdout)


main()
