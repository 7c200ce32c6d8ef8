"""Our service as a process, started for a measurement and stopped after it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loadtest.cores import pinned
from loadtest.processes import tree

COMMAND = Path(sys.executable).with_name("mnist-api")


@dataclass(frozen=True)
class Running:
    """A server, and how long it took from its start to its first answer."""

    url: str
    pid: int
    start_seconds: float


def end_orderly_on_sigterm() -> None:
    """Let SIGTERM, as `timeout` sends it, end this process such that its servers end too."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str],
    url: str,
    ready: str,
    log: Path,
    environ: Mapping[str, str],
    patience: float = 90,
) -> Iterator[Running]:
    """Run a server until the block ends.

    Args:
        command: the program.
        url: where it will listen.
        ready: the path that answers a GET with 200 once the server is ready.
        log: receives what it writes.
        environ: variables added to ours.
        patience: seconds that it may take to start.
    """
    start = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environ},
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, url + ready, start + patience, log)
        yield Running(url, process.pid, time.monotonic() - start)
    finally:
        _stop(process)


@contextmanager
def mnist_api(log: Path, cores: Collection[int] = (), **settings: object) -> Iterator[Running]:
    """Run `mnist-api serve`, on some cores if any are given."""
    address = f"127.0.0.1:{free_port()}"
    environ = {f"MNIST_API_{name.upper()}": str(value) for name, value in settings.items()}
    command = [*pinned(cores), str(COMMAND), "serve"]
    environ["MNIST_API_BIND"] = address
    with serving(command, f"http://{address}", "/readyz", log, environ) as running:
        yield running


def _wait(process: "subprocess.Popen[bytes]", url: str, deadline: float, log: Path) -> None:
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"{url} is not ready: {log.read_text()[-2000:]}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the server by its manners, and what it leaves behind by force."""
    family = tree(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in family[1:]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
