"""`python -m benchmarks.retraining [--model svm] [--random]`: what the retraining loop gains.

200 digits of scikit-learn's load_digits, another hand and another scanner, go to a service as
samples; it retrains, and the gate judges. What is told: accuracy on digits of that hand that were
kept back from the service, and on the hold-out, before and after; and, of the service under load,
failures and times before, during the training and during the swap.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving import Service, free_port, wait_until_ready
from benchmarks.stages import png_of
from mnist_api.training.dataset import Digits, Images, Labels
from mnist_api.training.other_hands import other_hands

_PORT = free_port()
_ADDRESS = f"127.0.0.1:{_PORT}"
_TOKEN = "benchmark-0123456789"  # noqa: S105 - of a server that lives for this program
_SENT = 200
_SEED = 8


def main() -> None:
    """Run the loop once and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="svm", choices=["svm", "cnn", "mlp"])
    parser.add_argument("--effort", default="full", choices=["full", "quick"])
    parser.add_argument("--random", action="store_true", help="send random labels")
    options = parser.parse_args()
    images, labels = other_hands()
    order = np.random.default_rng(_SEED).permutation(len(labels))
    sent, kept = order[:_SENT], order[_SENT : 2 * _SENT]
    given = labels[sent]
    if options.random:
        given = np.random.default_rng(_SEED).integers(0, 10, _SENT).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder, _running_service(Path(folder)):
        digits = Digits.load(Path("weights/digits.npz"))
        _send(images[sent], given)
        judges = {
            "kept back": (images[kept], labels[kept]),
            "all others": (images[order[_SENT:]], labels[order[_SENT:]]),
            "hold-out": (digits.holdout_images, digits.holdout_labels),
        }
        before = {name: _accuracy(options.model, *judge) for name, judge in judges.items()}
        load = _Load(options.model)
        load.start()
        load.phase("before", 20)
        job = _retrain(options.model, options.effort, load)
        print(json.dumps({name: job[name] for name in ("state", "reason", "verdict")}, indent=2))
        if job["state"] == "promoted":
            load.now = "swap"
            _call("POST", f"/models/{options.model}/activate", {"version": job["version"]})
            load.phase("swap", 6)
            load.stop()
            after = {name: _accuracy(options.model, *judge) for name, judge in judges.items()}
            for name, was in before.items():
                print(f"{name}: {was:.2%} -> {after[name]:.2%} of {len(judges[name][1])}")
        load.stop()


@contextmanager
def _running_service(folder: Path) -> Iterator[None]:
    environ = {
        **os.environ,
        "MNIST_API_BIND": _ADDRESS,
        "MNIST_API_TOKEN": f"bench:{_TOKEN}",
        "MNIST_API_STORE": f"file://{folder}/store",
        "MNIST_API_SAMPLES_PER_SECOND": "1000",
    }
    command = [Path(sys.executable).with_name("mnist-api"), "serve"]
    process = subprocess.Popen(command, env=environ)
    try:
        wait_until_ready(Service(process, _PORT))
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _call(method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
    request = urllib.request.Request(
        f"http://{_ADDRESS}{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def _send(images: Images, labels: Labels) -> None:
    for image, label in zip(images, labels, strict=True):
        picture = b64encode(png_of(image)).decode()
        _call("POST", "/samples/", {"image": picture, "label": int(label)})
    print("samples:", _call("GET", "/samples/?limit=1")["per_digit"])


def _accuracy(model: str, images: Images, labels: Labels) -> float:
    """Ask the service itself, by the protocol for batches."""
    right = 0
    for start in range(0, len(labels), 500):
        part = slice(start, start + 500)
        tensor = {
            "name": "input",
            "datatype": "UINT8",
            "shape": list(images[part].shape),
            "data": images[part].ravel().tolist(),
        }
        answer = _call("POST", f"/v2/models/{model}/infer", {"inputs": [tensor]})
        [found] = [each["data"] for each in answer["outputs"] if each["name"] == "label"]
        right += int((np.array(found) == labels[part]).sum())
    return right / len(labels)


def _retrain(model: str, effort: str, load: "_Load") -> Any:  # noqa: ANN401 - JSON
    load.now = "training"
    start, shown = time.monotonic(), ""
    job = _call("POST", f"/models/{model}/retrain", {"effort": effort})
    while job["state"] == "running":
        time.sleep(1)
        job = _call("GET", f"/jobs/{job['id']}")
        if job["stage"] != shown:
            shown = job["stage"]
            print(f"{job['percent']:5.1f} %, {job['seconds_left']} s left: {shown}", flush=True)
    print(f"{job['state']} after {time.monotonic() - start:.0f} s")
    return job


@dataclass
class _Load:
    """One client that asks a fresh prediction some eighty times a second, and times each."""

    model: str
    now: str = "before"
    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._ask_for_ever)
        self._thread.start()

    def phase(self, name: str, seconds: float) -> None:
        """Let some time pass under a name."""
        self.now = name
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """Print what was measured, once."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join()
        for name, times in self.seconds.items():
            p50, p99 = np.quantile(times, [0.5, 0.99]) * 1000
            print(f"load {name}: {len(times)} requests, p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        print(f"load: {len(self.failures)} failed {self.failures[:3]}")

    def _ask_for_ever(self) -> None:
        picture = b64encode(png_of(other_hands()[0][0])).decode()
        body = json.dumps({"model": self.model, "image": picture})
        connection = HTTPConnection(_ADDRESS, timeout=10)
        headers = {"Content-Type": "application/json", "Cache-Control": "no-cache"}
        while not self._stopped.wait(0.01):
            phase, start = self.now, time.perf_counter()
            connection.request("POST", "/predict", body, headers)
            response = connection.getresponse()
            answer = response.read()
            self.seconds.setdefault(phase, []).append(time.perf_counter() - start)
            if response.status != 200 or b"prediction" not in answer:
                self.failures.append(f"{response.status} {answer!r}")


if __name__ == "__main__":
    main()
