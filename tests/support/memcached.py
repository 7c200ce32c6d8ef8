"""A real memcached."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.support.server import free_port


@dataclass
class MemcachedServer:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=10)


def start_memcached(port: int) -> MemcachedServer:
    program = shutil.which("memcached")
    if program is None:
        pytest.fail("memcached is missing: apt-get install memcached")
    process = subprocess.Popen([program, "-u", "nobody", "-l", "127.0.0.1", "-p", str(port)])
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return MemcachedServer(process, port)
    raise TimeoutError("memcached did not start")


@contextmanager
def running_memcached() -> Iterator[MemcachedServer]:
    server = start_memcached(free_port())
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGCONT)
            server.stop()
