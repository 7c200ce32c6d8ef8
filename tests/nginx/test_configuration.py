"""What nginx makes of our configuration, with servers behind it that fail in every way."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
import yaml

from benchmarks.balancing import places
from tests.chart.helm import CHART
from tests.nginx.balancer import (
    NGINX,
    Fake,
    Manner,
    answer,
    balancer,
    configured,
    die,
    fake,
    hang,
    refuse,
)
from tests.support.server import free_port

PNG = b"\x89PNG"


@contextmanager
def cluster(folder: Path, *manners: Manner) -> Iterator[tuple[HTTPConnection, list[Fake]]]:
    """Nginx before one fake server a manner, and a connection to it."""
    with ExitStack() as stack:
        fakes = [stack.enter_context(fake(manner)) for manner in manners]
        port = stack.enter_context(balancer(folder, [server.address for server in fakes]))
        connection = HTTPConnection("127.0.0.1", port, timeout=15)
        stack.callback(connection.close)
        yield connection, fakes


def post(connection: HTTPConnection, path: str, body: bytes = PNG) -> tuple[HTTPResponse, bytes]:
    connection.request("POST", path, body, {"Content-Type": "image/png"})
    response = connection.getresponse()
    return response, response.read()


def test_nginx_takes_the_configuration_without_a_warning(tmp_path: Path) -> None:
    conf = configured(tmp_path, ["127.0.0.1:1"], free_port())
    nginx = shutil.which("nginx", path="/usr/sbin:/sbin:/usr/bin:/usr/local/bin")
    assert nginx is not None, "nginx is missing: apt-get install nginx-light"
    tested = subprocess.run(
        [nginx, "-t", "-q", "-p", tmp_path, "-c", conf], capture_output=True, text=True, check=False
    )
    assert (tested.returncode, tested.stderr) == (0, "")


def test_answers_pass_unchanged_and_uncompressed(tmp_path: Path) -> None:
    with cluster(tmp_path, answer) as (connection, _):
        connection.request("POST", "/predict/", PNG, {"Accept-Encoding": "gzip"})
        response = connection.getresponse()
        assert response.read() == b'{"prediction":3}'
        assert response.getheader("Content-Encoding") is None
        assert response.getheader("Server") == "nginx"


def test_a_hundred_requests_share_few_connections_to_the_servers(tmp_path: Path) -> None:
    with cluster(tmp_path, answer, answer) as (connection, fakes):
        for _ in range(100):
            assert post(connection, "/predict/")[0].status == 200
        assert sum(len(server.requests) for server in fakes) == 100
        # One a worker and server at most; nginx has a worker a core.
        assert sum(server.connections for server in fakes) <= 20


@pytest.mark.parametrize("path", ["/predict", "/predict/", "/v2/models/cnn/infer"])
def test_a_prediction_whose_server_dies_is_asked_of_another(tmp_path: Path, path: str) -> None:
    with cluster(tmp_path, die, answer) as (connection, fakes):
        for _ in range(10):
            response, body = post(connection, path)
            assert (response.status, body) == (200, b'{"prediction":3}')
        assert fakes[0].requests, "the dying server was never asked"


@pytest.mark.parametrize("path", ["/samples/", "/models/cnn/retrain", "/models/cnn/activate"])
def test_a_call_with_an_effect_is_never_sent_twice(tmp_path: Path, path: str) -> None:
    with cluster(tmp_path, die, die) as (connection, fakes):
        response, _ = post(connection, path)
        assert response.status == 503
        assert sum(len(server.requests) for server in fakes) == 1


def test_a_server_that_cannot_be_reached_is_passed_over(tmp_path: Path) -> None:
    with fake(answer) as alive, balancer(tmp_path, ["127.0.0.1:1", alive.address]) as port:
        for _ in range(10):
            connection = HTTPConnection("127.0.0.1", port, timeout=15)
            assert post(connection, "/samples/")[0].status == 200
            connection.close()


def test_an_overloaded_servers_refusal_is_passed_on_and_not_repeated(tmp_path: Path) -> None:
    with cluster(tmp_path, refuse, refuse) as (connection, fakes):
        response, body = post(connection, "/predict/")
        assert response.status == 503
        assert response.getheader("Retry-After") == "7"
        assert json.loads(body)["code"] == "overloaded"
        assert sum(len(server.requests) for server in fakes) == 1


def test_what_finds_no_room_is_refused_at_once_and_reaches_no_server(tmp_path: Path) -> None:
    with ExitStack() as stack:
        busy = stack.enter_context(fake(hang))
        port = stack.enter_context(balancer(tmp_path, [busy.address], patience="15s"))
        # Of several addresses, as one may have no more than 200 connections.
        connections = [
            HTTPConnection("127.0.0.1", port, 15, (f"127.0.0.{number // 100 + 1}", 0))
            for number in range(places() + 1)
        ]
        # One left open would keep the server, and with it the next test.
        for connection in connections:
            stack.callback(connection.close)
        for waiting in connections[1:]:
            waiting.request("POST", "/predict/", PNG)
        deadline = time.monotonic() + 10
        while len(busy.requests) < places():
            assert time.monotonic() < deadline, f"{len(busy.requests)} requests came through"
            time.sleep(0.01)
        response, body = post(connections[0], "/predict/")
        assert refusal(response, body) == (503, "unavailable")
        assert response.getheader("Retry-After") == "1"
        assert len(busy.requests) == places()


def refusal(response: HTTPResponse, body: bytes) -> tuple[int, str]:
    """Return status and code of an error of our contract."""
    assert response.getheader("Content-Type") == "application/json"
    content = json.loads(body)
    assert content.keys() == {"error", "code"}
    return response.status, content["code"]


def test_no_server_at_all_is_said_in_our_error_contract(tmp_path: Path) -> None:
    with cluster(tmp_path, die, die) as (connection, _):
        response, body = post(connection, "/predict/")
        assert refusal(response, body) == (503, "unavailable")
        assert response.getheader("Retry-After") == "1"


def test_servers_that_are_too_late_are_said_in_our_error_contract(tmp_path: Path) -> None:
    with cluster(tmp_path, hang, hang) as (connection, _):
        response, body = post(connection, "/predict/")
        assert refusal(response, body) == (504, "timeout")
        assert response.getheader("Retry-After") == "1"


def test_a_body_too_large_is_said_in_our_error_contract_before_any_server_sees_it(
    tmp_path: Path,
) -> None:
    with cluster(tmp_path, answer) as (connection, fakes):
        connection.putrequest("POST", "/predict/")
        connection.putheader("Content-Length", str(12 * 1024 * 1024))
        connection.endheaders()
        response = connection.getresponse()
        assert refusal(response, response.read()) == (413, "body_too_large")
        assert not fakes[0].requests


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_figures_and_probes_are_not_public(tmp_path: Path, path: str) -> None:
    with cluster(tmp_path, answer) as (connection, fakes):
        connection.request("GET", path)
        response = connection.getresponse()
        assert refusal(response, response.read()) == (404, "not_found")
        assert not fakes[0].requests


@pytest.mark.parametrize(("given", "length"), [("my-id.1", 7), (None, 32)])
def test_every_request_has_an_id_and_the_clients_own_wins(
    tmp_path: Path, given: str | None, length: int
) -> None:
    with cluster(tmp_path, answer) as (connection, fakes):
        connection.request("GET", "/models/", headers={"X-Request-ID": given} if given else {})
        connection.getresponse().read()
        (sent,) = (
            line.partition(b": ")[2].decode()
            for line in fakes[0].requests[0].split(b"\r\n")
            if line.lower().startswith(b"x-request-id")
        )
        assert len(sent) == length
        assert given in (None, sent)


def test_the_ingress_sends_each_pod_as_much_at_once_and_keeps_as_many_connections() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    annotations = values["ingress"]["annotations"]
    assert annotations["nginx.org/max-conns"] == str(places())
    assert annotations["nginx.org/keepalive"] == str(places())
    assert f"keepalive {places()};" in (NGINX / "nginx.conf").read_text()


def test_the_ingress_controller_is_given_the_same_error_pages() -> None:
    entries = yaml.safe_load((NGINX / "ingress-values.yaml").read_text())["controller"]["config"][
        "entries"
    ]
    ours = (NGINX / "errors.conf").read_text()
    assert entries["server-snippets"] == ours[ours.index("error_page") :]
