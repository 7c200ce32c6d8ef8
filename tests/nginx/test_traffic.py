"""Nginx before the real service, in front of clients that keep asking."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.chart.helm import CHART
from tests.nginx.balancer import balancer
from tests.support.server import Server, running_server

pytestmark = pytest.mark.alone

BODY = (CHART / "files" / "three.json").read_bytes()
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[tuple[int, list[Server]]]:
    """Nginx before two real services."""
    with ExitStack() as stack:
        servers = [stack.enter_context(running_server(tmp_path)) for _ in range(2)]
        yield (
            stack.enter_context(balancer(tmp_path, [f"{at.host}:{at.port}" for at in servers])),
            servers,
        )


class Clients:
    """Four clients that ask for the same prediction until told to stop."""

    def __init__(self, port: int) -> None:
        self.answers: Counter[str] = Counter()
        self._port = port
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=15)
        while not self._stop.is_set():
            connection.request("POST", "/predict/", BODY, HEADERS)
            self.answers[connection.getresponse().read().decode()] += 1
        connection.close()

    def wait_for(self, count: int) -> None:
        """Wait until so many more answers came."""
        enough = sum(self.answers.values()) + count
        while sum(self.answers.values()) < enough:
            assert any(thread.is_alive() for thread in self._threads), "every client failed"
            self._stop.wait(0.01)


def test_the_call_of_2018_passes_through(machine: tuple[int, list[Server]]) -> None:
    connection = HTTPConnection("127.0.0.1", machine[0], timeout=15)
    connection.request("POST", "/predict/", BODY.strip().replace(b'"}', b'\n"}'), HEADERS)
    assert connection.getresponse().read() == b'{"prediction":3}'
    connection.close()


def test_a_body_over_the_services_limit_is_refused_by_the_service(
    machine: tuple[int, list[Server]],
) -> None:
    connection = HTTPConnection("127.0.0.1", machine[0], timeout=15)
    connection.request(
        "POST", "/predict/", bytes(10 * 1024 * 1024 + 1), {"Content-Type": "image/png"}
    )
    response = connection.getresponse()
    assert response.status == 413
    assert b'"code":"body_too_large"' in response.read()
    assert response.getheader("X-Request-ID")
    connection.close()


def test_a_service_that_stops_costs_no_client_a_failure(
    machine: tuple[int, list[Server]],
) -> None:
    port, servers = machine
    with Clients(port) as clients:
        clients.wait_for(200)
        servers[0].process.send_signal(signal.SIGTERM)
        servers[0].process.wait(timeout=20)
        clients.wait_for(200)
    assert set(clients.answers) == {'{"prediction":3}'}


def test_a_service_that_is_killed_costs_no_client_a_failure(
    machine: tuple[int, list[Server]],
) -> None:
    port, servers = machine
    with Clients(port) as clients:
        clients.wait_for(200)
        workers = servers[0].worker_pids()
        servers[0].process.kill()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        clients.wait_for(200)
    assert set(clients.answers) == {'{"prediction":3}'}
