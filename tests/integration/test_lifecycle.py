"""How the service starts, stops and loses workers."""

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stages import png_of
from mnist_api.metrics import FLUSH_SECONDS
from tests.support.server import COMMAND, Server, free_port, running_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.alone

CORPUS = Path(__file__).resolve().parents[1] / "requests"
BODY = (CORPUS / "valid" / "one_model.http").read_bytes().partition(b"\r\n\r\n")[2]


def start(tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `mnist-api serve` to its end, for starts that must fail."""
    return subprocess.run(
        [COMMAND, "serve"],
        env={**os.environ, "MNIST_API_BIND": f"127.0.0.1:{free_port()}", **environ},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"MNIST_API_WORKERS": "0"}, "MNIST_API_WORKERS='0' is not allowed"),
        ({"MNIST_API_WROKERS": "2"}, "did you mean MNIST_API_WORKERS"),
        ({"MNIST_API_WEIGHTS": "/nowhere"}, "cannot read /nowhere/manifest.json"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(
    tmp_path: Path, environ: dict[str, str], sentence: str
) -> None:
    ended = start(tmp_path, **environ)
    assert ended.returncode == 78
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_weights_that_only_their_runtime_can_refuse_stop_the_start_too(tmp_path: Path) -> None:
    content = b"not a network"
    (tmp_path / "x.tflite").write_bytes(content)
    entry = {
        "runtime": "litert",
        "file": "x.tflite",
        "sha256": hashlib.sha256(content).hexdigest(),
        "created": "2026-01-01T00:00:00Z",
        "training_images": 500,
        "recipe": "none",
        "holdout": {"accuracy": 0.1, "images": 9500},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"format": 1, "models": {"cnn": entry}}))
    ended = start(tmp_path, MNIST_API_WEIGHTS=str(tmp_path))
    assert ended.returncode != 0
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    [said] = [line for line in lines if line["level"] == "critical"]
    assert "x.tflite: not a LiteRT model" in said["message"]


def test_the_last_line_of_the_start_is_a_call_that_works(tmp_path: Path) -> None:
    with running_server(tmp_path, hint="true") as server:
        hint = server.log.read_text().splitlines()[-1]
        assert hint.startswith("curl ")
        answer = subprocess.run(
            ["sh", "-c", hint],
            check=True,
            capture_output=True,
            text=True,
        )
        assert json.loads(answer.stdout)["prediction"] == 3


class Load(threading.Thread):
    """One client that asks over a kept connection, and over a new one when told to close it.

    What ends it is a connection that is not accepted: refused, or reset before its first answer
    because it was still in the kernel's queue. Any other failure of a request counts.
    """

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server
        self._stopped = threading.Event()
        self.outcomes: Counter[str] = Counter()

    def run(self) -> None:
        deadline = time.monotonic() + 30
        accepted = True
        while accepted and not self._stopped.is_set() and time.monotonic() < deadline:
            connection = HTTPConnection(self._server.host, self._server.port, timeout=10)
            accepted = self._ask_until_closed(connection) > 0
            connection.close()

    def _ask_until_closed(self, connection: HTTPConnection) -> int:
        """Return the number of answers."""
        answers = 0
        while not self._stopped.is_set():
            try:
                connection.request("POST", "/predict/", BODY, {"Content-Type": "application/json"})
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, HTTPException) as error:
                if answers:
                    self.outcomes[repr(error)] += 1
                return answers
            self.outcomes["answered" if answer == {"prediction": 3} else str(answer)] += 1
            answers += 1
            if response.getheader("Connection") == "close":
                return answers
        return answers

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()


def test_sigterm_under_load_fails_no_request_and_ends_in_time(tmp_path: Path) -> None:
    with running_server(tmp_path, workers="2") as server:
        clients = [Load(server) for _ in range(8)]
        for client in clients:
            client.start()
        while server.metric('mnist_api_predictions_total{digit="3",model="cnn"}') < 500:
            pass
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=12) == 0
        for client in clients:
            client.join(timeout=15)
    outcomes = sum((client.outcomes for client in clients), Counter())
    assert set(outcomes) == {"answered"}, outcomes
    assert outcomes["answered"] >= 500


def test_an_idle_connection_does_not_delay_the_stop(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        idle = HTTPConnection(server.host, server.port)
        idle.request("GET", "/healthz")
        idle.getresponse().read()
        server.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        server.process.wait(timeout=12)
        assert time.monotonic() - start < 8, "the grace time is 10 s"
        idle.close()


def test_a_killed_worker_is_replaced_and_its_counts_stay(tmp_path: Path) -> None:
    sample = 'mnist_api_predictions_total{digit="3",model="cnn"}'
    with running_server(tmp_path, workers="2") as server:
        for _ in range(20):
            server.post("/predict/", BODY, "application/json")
        server.wait_for_metric(sample, 20)
        before = server.worker_pids()
        os.kill(before[0], signal.SIGKILL)
        deadline = time.monotonic() + 15
        while len(set(server.worker_pids()) - set(before)) < 1:
            assert time.monotonic() < deadline, "the worker was not replaced"
            time.sleep(0.02)
        for _ in range(20):
            server.post("/predict/", BODY, "application/json")
        server.wait_for_metric(sample, 40)


def test_after_a_stop_no_metrics_folder_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running_server(tmp_path) as server:
        assert list(tmp_path.glob("mnist-api-metrics-*"))
        assert server.metric("mnist_api_cache_bytes") == 0
    assert not list(tmp_path.glob("mnist-api-metrics-*"))


def test_a_given_metrics_folder_starts_empty_and_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"of a process long gone")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    try:
        with running_server(tmp_path) as server:
            assert server.get("/metrics")
    finally:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
    assert not (folder / "counter_1.db").exists()


def test_workers_killed_under_requests_leave_right_totals_and_no_live_gauges(
    tmp_path: Path, digits: dict[str, np.ndarray]
) -> None:
    sample = 'mnist_api_http_requests_total{method="POST",route="/predict",status="200"}'
    bodies = [png_of(picture) for picture in digits["train_images"][:40]]
    with running_server(tmp_path, workers="2") as server:
        for body in bodies:
            server.post("/predict/", body, "image/png")
        server.wait_for_metric(sample, 40)
        assert server.metric("mnist_api_cache_entries") >= 40
        killed = server.worker_pids()
        clients = [Load(server) for _ in range(4)]
        for client in clients:
            client.start()
        eventually(lambda: server.metric(sample) > 200)
        for pid in killed:
            before = server.metric(sample)
            os.kill(pid, signal.SIGKILL)
            eventually(lambda pid=pid: pid not in server.worker_pids())
            eventually(lambda: len(server.worker_pids()) == 2)
            assert server.metric(sample) >= before, "a total never falls"
        for client in clients:
            client.stop()
            client.join(timeout=15)
        # The clients know one picture in three models; all others died with those who knew them.
        eventually(lambda: 1 <= server.metric("mnist_api_cache_entries") <= 2)
        settled = at_rest(lambda: server.metric(sample))
        for body in bodies:
            server.post("/predict/", body, "image/png")
        server.wait_for_metric(sample, settled + 40)


def at_rest(read: Callable[[], float]) -> float:
    """Return a figure once it has not changed for longer than workers take to hand theirs over."""
    shown, since = read(), time.monotonic()
    while time.monotonic() - since < 2 * FLUSH_SECONDS:
        if (now := read()) != shown:
            shown, since = now, time.monotonic()
        time.sleep(0.05)
    return shown
