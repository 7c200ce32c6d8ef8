"""From corrected answers to a better model, over HTTP; and what becomes of disturbed jobs."""

import json
import os
import signal
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.stages import png_of
from mnist_api.training.other_hands import other_hands
from tests.support.loop import Operator, running_loop
from tests.support.server import Server
from tests.support.waiting import eventually

QUICK = {"effort": "quick"}
# A minute on a machine of its own; a job gives way to whatever else runs there.
JOB_SECONDS = 600


def send(operator: Operator, images: np.ndarray, labels: np.ndarray) -> None:
    for image, label in zip(images, labels, strict=True):
        body = {"image": b64encode(png_of(image)).decode(), "label": int(label)}
        assert operator.call("POST", "/samples/", body).status == 201


def start(operator: Operator, model: str = "svm") -> str:
    reply = operator.call("POST", f"/models/{model}/retrain", QUICK)
    assert reply.status == 202, reply
    assert reply.headers["Location"] == f"/jobs/{reply.json['id']}"
    return str(reply.json["id"])


def ended(operator: Operator, id_: str, seconds: float = JOB_SECONDS) -> dict[str, Any]:
    eventually(lambda: operator.get(f"/jobs/{id_}")["state"] != "running", seconds=seconds)
    return dict(operator.get(f"/jobs/{id_}"))


def process_of(id_: str) -> int:
    """Return the process that runs a job, once it lives."""
    found: list[int] = []

    def is_found() -> bool:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = path.read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if b"mnist_api.retraining.job" in command and id_.encode() in command:
                found.append(int(path.parent.name))
        return bool(found)

    eventually(is_found, seconds=20)
    return min(found)


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def accuracy(server: Server, images: np.ndarray, labels: np.ndarray) -> float:
    tensor = {
        "name": "input",
        "datatype": "UINT8",
        "shape": list(images.shape),
        "data": images.ravel().tolist(),
    }
    status, answer, _ = server.post(
        "/v2/models/svm/infer", json.dumps({"inputs": [tensor]}).encode(), "application/json"
    )
    assert status == 200
    [said] = [output["data"] for output in answer["outputs"] if output["name"] == "label"]
    return float((np.array(said) == labels).mean())


def test_another_hand_is_learnt_judged_activated_and_rolled_back(
    tmp_path: Path,
) -> None:
    images, labels = other_hands()
    with running_loop(tmp_path, samples_per_second="1000") as operator:
        send(operator, images[:200], labels[:200])
        kept = images[200:800], labels[200:800]
        before = accuracy(operator.server, *kept)
        id_ = start(operator)
        busy = operator.call("POST", "/models/cnn/retrain", QUICK)
        assert (busy.status, busy.json["code"]) == (409, "job_running")
        seen = set()
        while (job := operator.get(f"/jobs/{id_}"))["state"] == "running":
            seen.add((job["percent"], job["stage"]))
            time.sleep(0.2)
        assert len(seen) > 2
        assert (job["state"], job["percent"], job["by"]) == ("promoted", 100, "ann"), job
        verdict = job["verdict"]
        assert verdict["is_promoted"]
        assert verdict["holdout"]["images"] == 9500
        assert verdict["holdout"]["active_accuracy"] - verdict["holdout"][
            "candidate_accuracy"] <= 0.002  # fmt: skip
        assert 30 < verdict["samples"]["images"] < 70
        assert job["log"][-1] == "100 %: judging"

        builtin, made = operator.get("/models/svm/versions")["versions"]
        assert (made["version"], made["origin"]) == (job["version"], id_)
        assert made["verdict"] == verdict
        reply = operator.call("POST", "/models/svm/activate", {"version": made["version"]})
        assert reply.json["previous"] == builtin["version"]
        eventually(lambda: version(operator) == made["version"], seconds=5)
        assert accuracy(operator.server, *kept) >= before + 0.02
        operator.call("POST", "/models/svm/activate", {"version": builtin["version"]})
        eventually(lambda: version(operator) == builtin["version"], seconds=5)
        assert accuracy(operator.server, *kept) == before

        log = operator.get("/audit/")["entries"]
        assert [(entry["action"], entry["by"]) for entry in log] == [
            ("retrain", "ann"), ("end of job", "ann"), ("activate", "ann"), ("activate", "ann"),
        ]  # fmt: skip
        assert [(entry["before"], entry["after"]) for entry in log[1:]] == [
            (builtin["version"], made["version"]),
            (builtin["version"], made["version"]),
            (made["version"], builtin["version"]),
        ]


def version(operator: Operator) -> str:
    return str(json.loads(operator.server.get("/readyz"))["models"]["svm"])


def test_random_labels_are_refused_with_the_reason(tmp_path: Path) -> None:
    images, _ = other_hands()
    labels = np.random.default_rng(3).integers(0, 10, 200)
    with running_loop(tmp_path, samples_per_second="1000") as operator:
        send(operator, images[:200], labels)
        job = ended(operator, start(operator))
        assert job["state"] == "refused", job
        assert "labels are likely wrong" in job["reason"]
        assert job["version"] is None
        assert len(operator.get("/models/svm/versions")["versions"]) == 1


def test_a_cancelled_job_stops_with_all_its_processes(tmp_path: Path) -> None:
    with running_loop(tmp_path) as operator:
        id_ = start(operator)
        pid = process_of(id_)
        assert operator.call("DELETE", f"/jobs/{id_}").status == 202
        job = ended(operator, id_, 60)
        assert (job["state"], job["version"]) == ("cancelled", None)
        eventually(lambda: not is_running(pid), seconds=10)
        assert operator.call("DELETE", f"/jobs/{id_}").json["state"] == "cancelled"
        assert [job["id"] for job in operator.get("/jobs/")["jobs"]] == [id_]


def test_a_killed_job_has_failed_at_once_and_another_may_be_started(tmp_path: Path) -> None:
    with running_loop(tmp_path) as operator:
        id_ = start(operator)
        os.kill(process_of(id_), signal.SIGKILL)
        job = ended(operator, id_, 10)
        assert job["state"] == "failed"
        assert job["reason"].startswith("its process ended with signal 9")
        again = start(operator)
        operator.call("DELETE", f"/jobs/{again}")
        assert ended(operator, again, 60)["state"] == "cancelled"


def test_a_job_outlives_its_server_and_an_absence_of_the_store(tmp_path: Path) -> None:
    with running_loop(tmp_path, workers="1") as operator:
        id_ = start(operator)
        pid = process_of(id_)
        for worker in operator.server.worker_pids():
            os.kill(worker, signal.SIGKILL)
        operator.server.process.kill()
    assert is_running(pid)
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    log = Path(f"/proc/{pid}/fd/1")
    eventually(lambda: "the store cannot be used" in log.read_text(), seconds=30)
    (tmp_path / "elsewhere").rename(tmp_path / "store")
    with running_loop(tmp_path) as operator:
        job = ended(operator, id_)
        assert job["state"] in {"promoted", "refused"}, job
        assert job["verdict"]["samples"] is None


def test_where_jobs_are_the_clusters_and_there_is_none_training_is_refused(tmp_path: Path) -> None:
    with running_loop(tmp_path, job_template="mnist-mnist-api-retrain") as operator:
        reply = operator.call("POST", "/models/svm/retrain", QUICK)
        assert (reply.status, reply.json["code"]) == (501, "training_unavailable")
        assert "no pod whose account may make Jobs" in reply.json["error"]
        assert operator.get("/jobs/")["jobs"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/models/resnet/retrain", None, (404, "model_not_found")),
        ("POST", "/models/svm/retrain", {"effort": "none"}, (400, "invalid_request")),
        ("POST", "/models/svm/retrain", b"{", (400, "invalid_json")),
        ("GET", "/jobs/none", None, (404, "job_not_found")),
        ("GET", "/jobs/%2e%2e", None, (404, "job_not_found")),
        ("DELETE", "/jobs/20261125T000000000000-00000000", None, (404, "job_not_found")),
    ],
)
def test_what_is_no_job_is_refused(
    tmp_path: Path, method: str, path: str, body: object, expected: tuple[int, str]
) -> None:
    with running_loop(tmp_path) as operator:
        reply = operator.call(method, path, body)
        assert (reply.status, reply.json["code"]) == expected
        nobody = Operator(operator.server, None).call(method, path, body)
        assert nobody.status == 401
        assert operator.get("/jobs/") == {"jobs": [], "next": None}
