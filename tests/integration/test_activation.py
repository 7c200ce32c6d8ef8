"""Versions are swapped under load, on all workers, back and forth; a broken one changes nothing."""

import json
import re
import threading
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from mnist_api.retraining.stores import open_store
from mnist_api.retraining.versions import Versions
from tests.support.loop import SECRET, Operator, running_loop
from tests.support.server import Server, wait_until_ready
from tests.support.versions import Candidate, builtin, candidate, svm_that_adds
from tests.support.waiting import eventually

pytestmark = pytest.mark.alone

CORPUS = Path(__file__).resolve().parents[1] / "requests"
IMAGE = json.loads((CORPUS / "valid" / "one_model.http").read_bytes().partition(b"\r\n\r\n")[2])
BUILTIN = builtin()["svm"].version
# As documented: a look every 2 s and well under a second to load.
CONVERGENCE_SECONDS = 5.0


@pytest.fixture(scope="module")
def adding_one() -> Candidate:
    return svm_that_adds(1)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(open_store(f"file://{tmp_path}/store"), builtin())


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with running_loop(tmp_path, workers="2") as running:
        yield running


def add(versions: Versions, made: Candidate) -> str:
    versions.add("svm", made.content, made.record)
    return made.version


def activate(operator: Operator, version: str) -> float:
    """Activate, wait until no worker serves anything else; return the seconds."""
    start = time.monotonic()
    reply = operator.call("POST", "/models/svm/activate", {"version": version})
    assert reply.status == 200, reply
    eventually(lambda: served_by_workers(operator.server) == {version}, seconds=CONVERGENCE_SECONDS)
    return time.monotonic() - start


def served_by_workers(server: Server) -> set[str]:
    """Return the versions of the SVM that any worker serves."""
    sample = re.compile(r'mnist_api_model_info{model="svm",sha256="\w+",version="(\w+)"} 1\.0')
    return set(sample.findall(server.get("/metrics").decode()))


def served(server: Server) -> str:
    return str(json.loads(server.get("/readyz"))["models"]["svm"])


class Load(threading.Thread):
    """Asks without end over kept connections, and notes answers beside the versions they name."""

    def __init__(self, server: Server, model: str | None, *, fresh: bool) -> None:
        super().__init__()
        self._connection = HTTPConnection(server.host, server.port, timeout=10)
        self._body = json.dumps({"image": IMAGE["image"], **({"model": model} if model else {})})
        self._headers = {"Content-Type": "application/json"}
        if fresh:
            self._headers["Cache-Control"] = "no-cache"
        self._stopped = threading.Event()
        self.answers: Counter[tuple[int, str, str]] = Counter()

    def run(self) -> None:
        while not self._stopped.is_set():
            self._connection.request("POST", "/predict", self._body, self._headers)
            response = self._connection.getresponse()
            answer = response.read().decode()
            version = response.getheader("X-Model-Version") or ""
            self.answers[response.status, version, answer] += 1
        self._connection.close()

    def stop(self) -> Counter[tuple[int, str, str]]:
        self._stopped.set()
        self.join(timeout=20)
        return self.answers


def test_swaps_under_load_fail_no_request_and_no_answer_is_of_two_versions(
    operator: Operator, versions: Versions, adding_one: Candidate
) -> None:
    version = add(versions, adding_one)
    alone = [Load(operator.server, "svm", fresh=fresh) for fresh in (True, False, True, False)]
    together = [Load(operator.server, None, fresh=fresh) for fresh in (True, False)]
    for load in (*alone, *together):
        load.start()
    for _ in range(3):
        assert activate(operator, version) < CONVERGENCE_SECONDS
        assert activate(operator, BUILTIN) < CONVERGENCE_SECONDS
    answers = sum((load.stop() for load in alone), Counter())
    assert set(answers) == {
        (200, f"svm={BUILTIN}", '{"prediction":3}'),
        (200, f"svm={version}", '{"prediction":4}'),
    }, answers
    assert min(answers.values()) > 100
    everything = sum((load.stop() for load in together), Counter())
    seen = {
        (status, json.loads(answer)["predictions"]["svm"], f"svm={version}" in named)
        for status, named, answer in everything
    }
    assert seen == {(200, 3, False), (200, 4, True)}
    print(f"{answers.total() + everything.total()} answers over six swaps, none failed")


def test_metrics_and_descriptions_tell_what_is_served(
    operator: Operator, versions: Versions, adding_one: Candidate
) -> None:
    version = add(versions, adding_one)
    listed = operator.get("/models/svm/versions")
    assert [each["version"] for each in listed["versions"]] == [BUILTIN, version]
    assert [each["is_active"] for each in listed["versions"]] == [True, False]
    activate(operator, version)
    listed = operator.get("/models/svm/versions")
    assert (listed["active"], listed["served"]) == (version, version)
    assert json.loads(operator.server.get("/models/svm"))["version"] == version
    assert json.loads(operator.server.get("/v2/models/svm"))["versions"] == [version]
    for name, is_served in ((version, 1), (BUILTIN, 0)):
        sha256 = next(each["sha256"] for each in listed["versions"] if each["version"] == name)
        labels = f'model="svm",sha256="{sha256}",version="{name}"'
        operator.server.wait_for_metric(f"mnist_api_model_info{{{labels}}}", is_served)
    operator.server.wait_for_metric('mnist_api_activations_total{model="svm",result="loaded"}', 2)


def pinned(server: Server, version: str) -> tuple[int, Any, str]:
    body = json.dumps({"image": IMAGE["image"], "model": "svm", "version": version})
    status, answer, headers = server.post("/predict/", body.encode(), "application/json")
    return status, answer, headers.get("X-Model-Version", "")


def test_a_request_may_name_the_version_that_answers_whichever_is_active(
    operator: Operator, versions: Versions, adding_one: Candidate
) -> None:
    server, version = operator.server, add(versions, adding_one)
    for _ in range(2):
        # Before activation it is loaded on demand, afterwards the built-in one is the other.
        assert pinned(server, version) == (200, {"prediction": 4}, f"svm={version}")
        assert pinned(server, BUILTIN) == (200, {"prediction": 3}, f"svm={BUILTIN}")
        image = b64decode(IMAGE["image"])
        for name, digit in ((version, 4), (BUILTIN, 3)):
            path = f"/predict/?model=svm&version={name}"
            assert server.post(path, image, "image/png")[1] == {"prediction": digit}
            path = f"/v2/models/svm/versions/{name}"
            assert json.loads(server.get(path))["versions"] == [name]
            tensor = {"name": "i", "datatype": "BYTES", "shape": [1], "data": [IMAGE["image"]]}
            body = json.dumps({"inputs": [tensor]}).encode()
            _, answer, headers = server.post(f"{path}/infer", body, "application/json")
            assert answer["model_version"] == name
            assert answer["outputs"][0]["data"] == [digit]
            assert headers["X-Model-Version"] == f"svm={name}"
        if served(server) == BUILTIN:
            activate(operator, version)
    many = {"images": [IMAGE["image"]] * 2, "model": "svm", "version": BUILTIN}
    _, answer, headers = server.post("/predict/", json.dumps(many).encode(), "application/json")
    assert answer == {"results": [{"prediction": 3}] * 2}
    assert headers["X-Model-Version"] == f"svm={BUILTIN}"


def test_a_version_that_there_is_not_or_that_is_broken_is_not_found(
    operator: Operator, versions: Versions
) -> None:
    for version in ("0" * 12, "../../x", "", add(versions, candidate(b"no weights at all"))):
        status, answer, _ = pinned(operator.server, version)
        assert (status, answer["code"]) == (404, "version_not_found"), answer
    status, answer, _ = operator.server.post(
        f"/v2/models/svm/versions/{'0' * 12}/infer", b"{}", "application/json"
    )
    assert (status, answer["code"]) == (404, "version_not_found")


def test_a_version_that_cannot_be_loaded_changes_nothing_but_is_told(
    operator: Operator, versions: Versions, adding_one: Candidate
) -> None:
    broken = add(versions, candidate(b"no weights at all"))
    reply = operator.call("POST", "/models/svm/activate", {"version": broken})
    assert reply.status == 200
    operator.server.wait_for_metric('mnist_api_activation_behind{model="svm"}', 1)
    eventually(lambda: operator.server.log.read_text().count("active version is not served") == 2)
    assert served(operator.server) == BUILTIN
    status, answer, _ = operator.server.post(
        "/predict/", json.dumps(IMAGE).encode(), "application/json"
    )
    assert (status, answer) == (200, {"prediction": 3})
    activate(operator, add(versions, adding_one))
    operator.server.wait_for_metric('mnist_api_activation_behind{model="svm"}', 0)


def test_a_store_that_has_gone_changes_nothing_and_is_followed_again(
    operator: Operator, versions: Versions, adding_one: Candidate, tmp_path: Path
) -> None:
    activate(operator, add(versions, adding_one))
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    operator.server.wait_for_metric('mnist_api_activation_behind{model="svm"}', 1)
    assert served(operator.server) == adding_one.version
    assert operator.call("POST", "/models/svm/activate", {"version": BUILTIN}).status == 503
    (tmp_path / "elsewhere").rename(tmp_path / "store")
    activate(operator, BUILTIN)
    operator.server.wait_for_metric('mnist_api_activation_behind{model="svm"}', 0)


def test_a_new_process_serves_the_active_version_from_its_first_answer_on(
    tmp_path: Path, versions: Versions, adding_one: Candidate
) -> None:
    versions.activate("svm", add(versions, adding_one), "ann")
    with running_loop(tmp_path, workers="2") as operator:
        wait_until_ready(operator.server)
        assert {served(operator.server) for _ in range(20)} == {adding_one.version}
        ready = next(
            json.loads(line)
            for line in operator.server.log.read_text().splitlines()
            if '"ready"' in line
        )
        assert ready["models"]["svm"] == adding_one.version


def test_a_process_that_starts_without_its_store_serves_what_it_brings(
    tmp_path: Path, versions: Versions, adding_one: Candidate
) -> None:
    versions.activate("svm", add(versions, adding_one), "ann")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    (tmp_path / "store").write_bytes(b"no folder")
    with running_loop(tmp_path) as operator:
        assert served(operator.server) == BUILTIN
        assert operator.server.metric('mnist_api_activation_behind{model="svm"}') == 1
        (tmp_path / "store").unlink()
        (tmp_path / "elsewhere").rename(tmp_path / "store")
        eventually(lambda: served(operator.server) == adding_one.version)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/models/resnet/activate", {"version": BUILTIN}, (404, "model_not_found")),
        ("/models/svm/activate", {"version": "0" * 12}, (404, "version_not_found")),
        ("/models/svm/activate", {"version": "../../x"}, (404, "version_not_found")),
        ("/models/svm/activate", {"version": 3}, (400, "invalid_request")),
        ("/models/svm/activate", {}, (400, "invalid_request")),
        ("/models/svm/activate", b"{", (400, "invalid_json")),
    ],
)
def test_what_cannot_be_activated_is_refused(
    tmp_path_factory: pytest.TempPathFactory, path: str, body: object, expected: tuple[int, str]
) -> None:
    with running_loop(tmp_path_factory.mktemp("loop")) as operator:
        reply = operator.call("POST", path, body)
        assert (reply.status, reply.json["code"]) == expected
        nobody = Operator(operator.server, SECRET[::-1]).call("POST", path, body)
        assert nobody.status == 401
