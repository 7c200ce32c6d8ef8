"""A candidate sees the traffic, and the answers stay as they are."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stages import png_of
from mnist_api.retraining.stores import open_store
from mnist_api.retraining.versions import Versions
from tests.support.loop import Operator, running_loop
from tests.support.versions import builtin, candidate, svm_that_adds
from tests.support.waiting import eventually

pytestmark = pytest.mark.alone

ADDING_ONE = svm_that_adds(1)
BUILTIN = builtin()["svm"].version
PATH = "/models/svm/shadow"
SHARE = 'mnist_api_shadow_share{model="svm"}'


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    versions = Versions(open_store(f"file://{tmp_path}/store"), builtin())
    versions.add("svm", ADDING_ONE.content, ADDING_ONE.record)
    with running_loop(tmp_path, activation_poll_seconds="0.2") as running:
        yield running


def result(operator: Operator, name: str) -> float:
    return operator.server.metric(
        f'mnist_api_shadow_predictions_total{{model="svm",result="{name}"}}'
    )


def ask(operator: Operator, images: np.ndarray, **more: str) -> list[tuple[int, str]]:
    """Return the SVM's answers, and the versions that they name."""
    answers = []
    for image in images:
        body = {"image": b64encode(png_of(image)).decode(), "model": "svm", **more}
        status, answer, headers = operator.server.post(
            "/predict/", json.dumps(body).encode(), "application/json"
        )
        assert status == 200
        answers.append((answer["prediction"], headers["X-Model-Version"]))
    return answers


def begin(operator: Operator, share: float) -> None:
    body = {"version": ADDING_ONE.version, "share": share}
    reply = operator.call("POST", PATH, body)
    assert reply.status == 200, reply
    assert (reply.json["version"], reply.json["share"]) == (ADDING_ONE.version, share)
    operator.server.wait_for_metric(SHARE, share)


def test_a_candidate_is_shown_what_is_computed_and_its_disagreements_are_counted(
    operator: Operator, digits: dict[str, np.ndarray]
) -> None:
    images = digits["train_images"]
    before = ask(operator, images[:20])
    begin(operator, 1.0)
    fresh = ask(operator, images[100:140])
    eventually(lambda: result(operator, "disagree") == 40)
    assert {version for _, version in fresh} == {f"svm={BUILTIN}"}
    assert ask(operator, images[:20]) == before, "what is remembered stays as it is"
    tensor = {
        "name": "input", "datatype": "UINT8", "shape": [30, 28, 28],
        "data": images[200:230].ravel().tolist(),
    }  # fmt: skip
    status, _, _ = operator.server.post(
        "/v2/models/svm/infer", json.dumps({"inputs": [tensor]}).encode(), "application/json"
    )
    assert status == 200
    eventually(lambda: result(operator, "disagree") == 70)
    # Who names a version does not ask what all are asking.
    ask(operator, images[300:310], version=ADDING_ONE.version)
    assert operator.call("DELETE", PATH).status == 204
    operator.server.wait_for_metric(SHARE, 0)
    assert operator.get(PATH)["version"] is None
    assert (result(operator, "agree"), result(operator, "failed")) == (0, 0)
    told = [(each["action"], each["before"], each["after"])
            for each in operator.get("/audit/")["entries"]]  # fmt: skip
    assert told == [
        ("shadow", BUILTIN, ADDING_ONE.version),
        ("end shadow", ADDING_ONE.version, None),
    ]


def test_a_candidate_that_cannot_be_loaded_is_counted_and_nothing_else_happens(
    operator: Operator, tmp_path: Path, digits: dict[str, np.ndarray]
) -> None:
    broken = candidate(b"no weights at all")
    Versions(open_store(f"file://{tmp_path}/store"), builtin()).add(
        "svm", broken.content, broken.record
    )
    reply = operator.call("POST", PATH, {"version": broken.version, "share": 0.5})
    assert reply.status == 200
    eventually(lambda: result(operator, "failed") == 1)
    assert operator.server.metric(SHARE) == 0
    assert ask(operator, digits["train_images"][:1])[0][1] == f"svm={BUILTIN}"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/models/resnet/shadow", {"version": BUILTIN, "share": 0.1}, (404, "model_not_found")),
        (PATH, {"version": "0" * 12, "share": 0.1}, (404, "version_not_found")),
        (PATH, {"version": BUILTIN, "share": 0}, (400, "invalid_request")),
        (PATH, {"version": BUILTIN, "share": 1.1}, (400, "invalid_request")),
        (PATH, {"version": BUILTIN}, (400, "invalid_request")),
        (PATH, b"{", (400, "invalid_json")),
    ],
)
def test_what_is_no_shadow_is_refused(
    operator: Operator, path: str, body: object, expected: tuple[int, str]
) -> None:
    reply = operator.call("POST", path, body)
    assert (reply.status, reply.json["code"]) == expected
    for method in ("GET", "POST", "DELETE"):
        assert Operator(operator.server, None).call(method, path, body).status == 401
