"""Samples over HTTP: who may, what comes of it, and what others try."""

import io
import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.stages import png_of
from tests.support.loop import Operator, Reply, running_loop
from tests.support.server import Server

CALLS = [
    ("POST", "/samples/"),
    ("GET", "/samples/"),
    ("GET", "/samples/export"),
    ("DELETE", "/samples/0"),
    ("POST", "/models/svm/retrain"),
    ("GET", "/jobs/"),
    ("GET", "/jobs/0"),
    ("DELETE", "/jobs/0"),
    ("GET", "/models/svm/versions"),
    ("POST", "/models/svm/activate"),
    ("GET", "/audit/"),
]


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with running_loop(
        tmp_path_factory.mktemp("loop"), samples_per_second="10000", max_samples="40"
    ) as running:
        yield running


def sample(image: np.ndarray, label: object) -> dict[str, Any]:
    return {"image": b64encode(png_of(image)).decode(), "label": label}


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_without_the_feature_there_is_no_such_address(
    server: Server, method: str, path: str
) -> None:
    reply = Operator(server).call(method, path)
    assert (reply.status, reply.json["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("token", [None, "wrong-0123456789", "", "ann"])
def test_without_a_known_token_nothing_is_done(
    operator: Operator, method: str, path: str, token: str | None
) -> None:
    reply = replace(operator, token=token).call(method, path)
    assert (reply.status, reply.json["code"]) == (401, "unauthorized")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_sample_is_stored_listed_exported_and_removed(
    operator: Operator, digits: dict[str, np.ndarray]
) -> None:
    images, labels = digits["train_images"][::40], digits["train_labels"][::40]
    replies = [
        operator.call("POST", "/samples/", sample(image, int(label)))
        for image, label in zip(images, labels, strict=True)
    ]
    assert [reply.status for reply in replies] == [201] * len(images)
    ids = [reply.json["id"] for reply in replies]
    assert operator.call("POST", "/samples/", sample(images[0], int(labels[0]))).status == 200
    other = operator.call("POST", "/samples/", sample(images[0], 9 - int(labels[0])))
    assert (other.status, other.json["code"]) == (409, "sample_conflict")

    assert operator.get("/samples/")["count"] == len(images)
    assert operator.get("/samples/")["per_digit"] == np.bincount(labels, minlength=10).tolist()
    paged: list[str] = []
    page = operator.get("/samples/?limit=5")
    paged += [entry["id"] for entry in page["samples"]]
    while page["next"]:
        page = operator.get(f"/samples/?limit=5&after={page['next']}")
        paged += [entry["id"] for entry in page["samples"]]
    assert paged == sorted(ids)

    export = operator.call("GET", "/samples/export")
    with np.load(io.BytesIO(export.body), allow_pickle=False) as arrays:
        assert arrays["images"].shape == (len(images), 28, 28)
        assert sorted(arrays["labels"].tolist()) == sorted(labels.tolist())

    for id_ in ids:
        gone = operator.call("DELETE", f"/samples/{id_}")
        assert (gone.status, gone.body) == (204, b"")
    assert operator.call("DELETE", f"/samples/{ids[0]}").status == 404
    assert operator.get("/samples/") == {
        "count": 0, "per_digit": [0] * 10, "samples": [], "next": None,
    }  # fmt: skip


def refused(reply: Reply) -> tuple[int, str]:
    return reply.status, reply.json["code"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "invalid_json")),
        (b"\xff\xfe", (400, "invalid_json")),
        (b"[" * 100_000, (400, "invalid_request")),
        (b'{"image":' + b"[" * 100_000, (400, "invalid_request")),
        (b'{"label":3,"x":' + b"[" * 100_000, (400, "invalid_json")),
        (b'{"label":3}', (400, "invalid_request")),
        (b'{"image":"AAAA"}', (400, "invalid_request")),
        (b'{"image":"AAAA","label":3}', (422, "not_an_image")),
        (b'{"image":"","label":3}', (422, "not_an_image")),
        (b'{"image":"!!!!","label":3}', (422, "invalid_base64")),
        (b'{"image":"AAAA","label":1e400}', (400, "invalid_request")),
        (b'{"image":"' + b"A" * 11_000_000 + b'","label":3}', (413, "body_too_large")),
    ],
)
def test_what_is_no_sample_is_refused(
    operator: Operator, body: bytes, expected: tuple[int, str]
) -> None:
    assert refused(operator.call("POST", "/samples/", body)) == expected


@pytest.mark.parametrize("label", [-1, 10, 3.5, "3", None, True, [3], 10**30])
def test_a_label_is_a_digit(
    operator: Operator, digits: dict[str, np.ndarray], label: object
) -> None:
    body = sample(digits["train_images"][0], label)
    assert operator.call("POST", "/samples/", body).status == 400


def test_an_image_without_ink_is_none(operator: Operator) -> None:
    blank = sample(np.zeros((28, 28), np.uint8), 0)
    assert refused(operator.call("POST", "/samples/", blank)) == (422, "no_digit")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "9" * 40, "%C3%A9", "1.0"])
def test_a_page_has_a_size_that_is_a_number(operator: Operator, limit: str) -> None:
    reply = operator.call("GET", f"/samples/?limit={limit}")
    assert reply.status in ({400} if limit else {200, 400})


@pytest.mark.parametrize("id_", ["%2e%2e%2fjobs", "..", "0" * 32, "%00", "a" * 3000, "%ff"])
def test_an_id_leads_nowhere_else(operator: Operator, id_: str) -> None:
    assert operator.call("DELETE", f"/samples/{id_}").status in {404, 405}


def test_a_flood_is_slowed_down_and_fills_no_disk(
    tmp_path: Path, digits: dict[str, np.ndarray]
) -> None:
    with running_loop(tmp_path, samples_per_second="20", max_samples="10") as operator:
        replies = [
            operator.call("POST", "/samples/", sample(image, 3))
            for image in digits["train_images"][:80]
        ]
        statuses = [reply.status for reply in replies]
        assert statuses.count(201) == 10
        assert set(statuses) == {201, 409, 429}
        slowed = next(reply for reply in replies if reply.status == 429)
        assert int(slowed.headers["Retry-After"]) >= 1
        stored = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
        assert len(stored) == 10, stored
        assert sum(path.stat().st_size for path in stored) < 20_000


def test_a_store_that_has_gone_is_told_and_comes_back(
    tmp_path: Path, digits: dict[str, np.ndarray]
) -> None:
    with running_loop(tmp_path) as operator:
        (tmp_path / "store").rename(tmp_path / "elsewhere")
        reply = operator.call("POST", "/samples/", sample(digits["train_images"][0], 0))
        assert refused(reply) == (503, "store_unavailable")
        assert operator.server.get("/readyz")
        (tmp_path / "elsewhere").rename(tmp_path / "store")
        again = operator.call("POST", "/samples/", sample(digits["train_images"][0], 0))
        assert again.status == 201


@pytest.mark.parametrize("path", ["/samples/", "/models/svm/activate", "/models/svm/retrain"])
def test_megabytes_without_a_token_are_refused_by_an_answer_and_no_reset(
    operator: Operator, path: str
) -> None:
    nobody = replace(operator, token=None)
    assert nobody.call("POST", path, b" " * 9_000_000).status == 401
    assert nobody.call("POST", path, b" " * 11_000_000).status == 413
    assert operator.get("/samples/")["count"] == 0


def test_a_token_is_never_logged(tmp_path: Path) -> None:
    with running_loop(tmp_path, access_log="true", log_level="debug") as operator:
        operator.get("/samples/")
        operator.call("POST", "/samples/", b"{}")
    log = operator.server.log.read_text()
    assert "/samples" in log
    assert operator.token is not None
    assert operator.token not in log
    assert json.loads(log.splitlines()[0])
