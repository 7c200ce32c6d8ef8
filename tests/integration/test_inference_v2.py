"""`/v2` by hand: what the clients' tests do not reach."""

import json
from base64 import b64encode
from typing import Any

import numpy as np
import pytest

from benchmarks.stages import on_canvas, png_of
from tests.support.server import Server

Digits = dict[str, np.ndarray]


def infer(
    server: Server, tensor: dict[str, Any], path: str = "/v2/models/cnn/infer", **rest: Any
) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"inputs": [{"name": "input", **tensor}], **rest}).encode()
    status, answer, _ = server.post(path, body, "application/json")
    return status, answer


def pixels(images: np.ndarray) -> dict[str, Any]:
    return {"datatype": "UINT8", "shape": list(images.shape), "data": images.ravel().tolist()}


def test_the_server_and_its_models_describe_themselves(server: Server) -> None:
    about = json.loads(server.get("/v2"))
    assert (about["name"], about["extensions"]) == ("mnist-api", ["binary_tensor_data"])
    model = json.loads(server.get("/v2/models/mlp"))
    version = json.loads(server.get("/models/mlp"))["version"]
    assert model["versions"] == [version]
    assert json.loads(server.get(f"/v2/models/mlp/versions/{version}")) == model
    assert json.loads(server.get(f"/v2/models/mlp/versions/{version}/ready"))["ready"] is True


def test_image_files_of_any_kind_are_answered(server: Server, digits: Digits) -> None:
    images, labels = digits["train_images"][:3], digits["train_labels"][:3]
    files = [png_of(images[0]), png_of(255 - images[1]), png_of(on_canvas(images[2]))]
    data = [b64encode(file).decode() for file in files]
    status, answer = infer(server, {"datatype": "BYTES", "shape": [3], "data": data})
    assert status == 200, answer
    assert answer["outputs"][0] == {
        "name": "label",
        "shape": [3],
        "datatype": "INT64",
        "data": labels.tolist(),
    }
    assert np.reshape(answer["outputs"][1]["data"], (3, 10)).sum(axis=1) == pytest.approx([1] * 3)


def test_outputs_are_those_that_were_asked_for(server: Server, digits: Digits) -> None:
    tensor = pixels(digits["train_images"][:2])
    status, answer = infer(server, tensor, id="seven", outputs=[{"name": "probabilities"}])
    assert (status, answer["id"], answer["model_name"]) == (200, "seven", "cnn")
    assert [output["name"] for output in answer["outputs"]] == ["probabilities"]
    status, answer = infer(server, tensor, outputs=[{"name": "logits"}])
    assert (status, answer["code"]) == (400, "invalid_tensor")


def test_unknown_models_and_versions_are_not_found(server: Server, digits: Digits) -> None:
    tensor = pixels(digits["train_images"][:1])
    status, answer = infer(server, tensor, "/v2/models/resnet/infer")
    assert (status, answer["code"]) == (404, "model_not_found")
    status, answer = infer(server, tensor, "/v2/models/cnn/versions/1/infer")
    assert (status, answer["code"]) == (404, "version_not_found")


def test_a_batch_of_which_one_picture_is_empty_is_refused(server: Server, digits: Digits) -> None:
    images = digits["train_images"][:2].copy()
    images[1] = 0
    assert infer(server, pixels(images))[1]["code"] == "no_digit"


def test_too_many_pictures_are_refused(server: Server) -> None:
    tensor = {"datatype": "UINT8", "shape": [1025, 28, 28], "data": [0]}
    status, answer = infer(server, tensor)
    assert (status, answer["code"]) == (413, "batch_too_large")


def test_a_batch_for_which_the_time_is_over_is_not_computed(server: Server, digits: Digits) -> None:
    body = json.dumps({"inputs": [{"name": "x", **pixels(digits["train_images"][:1])}]}).encode()
    status, answer, _ = server.post(
        "/v2/models/cnn/infer", body, "application/json", X_Request_Timeout_Ms="0"
    )
    assert (status, answer["code"]) == (504, "deadline_exceeded")
