"""A real S3-compatible server: moto's."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.server import free_port

MOTO = Path(__file__).resolve().parents[2] / ".venv-clients" / "bin" / "moto_server"


@dataclass
class BucketServer:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def environ(self) -> Mapping[str, str]:
        """What leads a client here instead of to Amazon."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "anything",
        }


@contextmanager
def running_bucket(name: str) -> Iterator[BucketServer]:
    """Start the server with an empty bucket."""
    if not MOTO.exists():
        pytest.fail("moto is missing: make .venv-clients/installed")
    port = free_port()
    process = subprocess.Popen(
        [MOTO, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _make_bucket(f"http://127.0.0.1:{port}/{name}")
        yield BucketServer(process, port)
    finally:
        process.kill()
        process.wait(timeout=10)


def _make_bucket(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, "moto did not start"
            time.sleep(0.1)
        else:
            return
