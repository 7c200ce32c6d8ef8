"""The service as a process on the first core; whatever drives it runs on others."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtest.cores import driver_cores, pinned, server_cores
from loadtest.processes import cpu_seconds, tree

SERVER, DRIVER = pinned(server_cores()), pinned(driver_cores())
_READY_SECONDS = 20.0


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        """Return the workers' process ids."""
        return tree(self.process.pid)[1:]

    def cpu_seconds(self) -> float:
        """Return the processor time that all workers have used."""
        return cpu_seconds(self.workers())

    def metric(self, sample: str) -> float:
        """Return one sample of `/metrics`, 0 where it does not exist."""
        with urllib.request.urlopen(self.url + "/metrics", timeout=10) as response:
            lines: list[str] = response.read().decode().splitlines()
        samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return float(samples.get(sample, 0))


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def serving(settings: Mapping[str, object] | None = None) -> Iterator[Service]:
    """Run the service with `/noop` on one worker; settings as in `Settings`, defaults otherwise."""
    port = free_port()
    given = {f"MNIST_API_{name.upper()}": str(value) for name, value in (settings or {}).items()}
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    process = subprocess.Popen(
        [
            *SERVER,
            gunicorn,
            "-c",
            "python:mnist_api.gunicorn_conf",
            "benchmarks.noop:application()",
        ],
        env={**os.environ, "MNIST_API_BIND": f"127.0.0.1:{port}", **given},
        stderr=subprocess.DEVNULL,
    )
    service = Service(process, port)
    try:
        wait_until_ready(service)
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


class MemcachedServer:
    """A memcached that can fall ill, beside the driver: in earnest it is on another machine."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process = self._start()

    def hang(self) -> None:
        """Let it accept and never answer."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Wake it."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start it again, empty, at the same address."""
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        program = shutil.which("memcached")
        if program is None:
            raise FileNotFoundError("memcached is missing: tools/system-deps memcached")
        options = ("-u", "nobody", "-l", "127.0.0.1", "-p", str(self.port))
        return subprocess.Popen([*DRIVER, program, *options])


@contextmanager
def running_memcached() -> Iterator[MemcachedServer]:
    """Run memcached."""
    server = MemcachedServer()
    try:
        yield server
    finally:
        server.kill()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pin_to_driver() -> None:
    """Bind this process, for what it does itself, to the driver's cores."""
    os.sched_setaffinity(0, driver_cores())


def on_driver_core(command: Sequence[str]) -> list[str]:
    """Return the command, bound to the core that the server leaves alone."""
    return [*DRIVER, *command]


def wait_until_ready(service: Service) -> None:
    """Wait until a service answers; fail if it ends before, or takes too long."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            raise RuntimeError("the service ended before it was ready")
        try:
            urllib.request.urlopen(service.url + "/readyz", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"the service was not ready in {_READY_SECONDS} s")
