"""Many images in one request: every answer in its place, whatever became of the others."""

import io
import json
import urllib.request
import zipfile
from base64 import b64encode
from typing import Any

import numpy as np
import pytest

from benchmarks.stages import png_of
from tests.support.server import Server

Digits = dict[str, np.ndarray]


@pytest.fixture
def files(digits: Digits) -> list[bytes]:
    return [png_of(digit) for digit in digits["train_images"][:5]]


@pytest.fixture
def labels(digits: Digits) -> list[int]:
    return list(digits["train_labels"][:5].tolist())


def json_of(files: list[bytes], **fields: Any) -> bytes:
    return json.dumps({"images": [b64encode(file).decode() for file in files], **fields}).encode()


def form_of(files: list[bytes]) -> tuple[bytes, str]:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = b"".join(head + file + b"\r\n" for file in files) + b"--x--\r\n"
    return body, "multipart/form-data; boundary=x"


def zip_of(files: list[bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, content in enumerate(files):
            archive.writestr(f"{number}.png", content)
    return file.getvalue()


def npy_of(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_all_forms_get_the_same_answers_in_order(
    server: Server, digits: Digits, files: list[bytes], labels: list[int]
) -> None:
    form, form_type = form_of(files)
    for body, media_type in (
        (json_of(files, model="cnn"), "application/json"),
        (form, form_type),
        (zip_of(files), "application/zip"),
        (zip_of(files), "application/octet-stream"),
        (npy_of(digits["train_images"][:5]), "application/x-npy"),
        (npy_of(digits["train_images"][:5]), "application/octet-stream"),
    ):
        status, answer, _ = server.post("/predict/?model=cnn", body, media_type)
        assert (status, answer) == (200, {"results": [{"prediction": label} for label in labels]})


def test_each_answer_is_what_the_image_alone_would_get(server: Server, files: list[bytes]) -> None:
    options = "?probabilities=true&normalised=true"
    alone = [server.post("/predict/" + options, file, "image/png")[1] for file in files]
    together = server.post("/predict/" + options, zip_of(files), "application/zip")[1]
    assert together["results"] == alone


def test_a_bad_image_gets_its_own_error(
    server: Server, files: list[bytes], labels: list[int]
) -> None:
    body = json.loads(json_of(files, model="cnn"))
    body["images"][1] = "no base64!"
    body["images"][3] = b64encode(b"no image").decode()
    status, answer, _ = server.post("/predict/", json.dumps(body).encode(), "application/json")
    assert status == 200
    results = answer["results"]
    assert [result.get("prediction") for result in results] == [
        labels[0], None, labels[2], None, labels[4],
    ]  # fmt: skip
    assert [results[1]["code"], results[3]["code"]] == ["invalid_base64", "not_an_image"]


def test_answers_stream_as_lines_when_asked_for(
    server: Server, files: list[bytes], labels: list[int]
) -> None:
    headers = {"Content-Type": "application/json", "Accept": "application/x-ndjson"}
    request = urllib.request.Request(
        server.url + "/predict/", json_of([*files, b"x"], model="svm"), headers
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.headers["Content-Type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in response]
    assert [line.get("prediction") for line in lines] == [*labels, None]
    assert lines[-1]["code"] == "not_an_image"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"images":[]}', 400, "invalid_request"),
        (b'{"images":["YQ=="],"model":"resnet"}', 422, "unknown_model"),
        (b'{"images":"YQ=="}', 400, "invalid_request"),
        (b'{"images":[1]}', 400, "invalid_request"),
        (b'{"images":[' + b'"",' * 1024 + b'""]}', 413, "batch_too_large"),
    ],
)
def test_a_bulk_request_that_cannot_be_read_is_refused(
    server: Server, body: bytes, status: int, code: str
) -> None:
    answered, answer, _ = server.post("/predict/", body, "application/json")
    assert (answered, answer["code"]) == (status, code)
