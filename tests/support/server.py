"""The real service as a process, for tests that talk to what users talk to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("mnist-api")
READY_SECONDS = 20.0


@dataclass
class Server:
    """A running service."""

    process: subprocess.Popen[str]
    host: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return bytes(response.read())

    def metric(self, sample: str) -> float:
        """Return the value of one sample of `/metrics`, 0 where it does not exist yet."""
        for line in self.get("/metrics").decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name == sample:
                return float(value)
        return 0.0

    def wait_for_metric(self, sample: str, value: float) -> None:
        """Wait until all workers have handed over what makes this figure; fail if they do not."""
        deadline = time.monotonic() + 10
        while (shown := self.metric(sample)) != value:
            assert time.monotonic() < deadline, f"{sample} is {shown}, not {value}"
            time.sleep(0.05)

    def post(
        self, path: str, body: bytes, content_type: str, **headers: str
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """Send a POST; return status, JSON and headers, also of an error."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            self.url + path, body, {"Content-Type": content_type, **names}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read()), response.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read()), error.headers

    def worker_pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(folder: Path, **settings: str) -> Iterator[Server]:
    """Start `mnist-api serve`, wait until it is ready, and stop it as Kubernetes would."""
    port = free_port()
    log = folder / f"server-{port}.log"
    environ = {
        **os.environ,
        "MNIST_API_BIND": f"127.0.0.1:{port}",
        **{f"MNIST_API_{name.upper()}": value for name, value in settings.items()},
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [COMMAND, "serve"], env=environ, stdout=output, stderr=output, text=True
        )
    server = Server(process, "127.0.0.1", port, log)
    try:
        wait_until_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise RuntimeError(f"the service ended: {server.log.read_text()}")
        try:
            server.get("/readyz")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"not ready in {READY_SECONDS} s: {server.log.read_text()}")
