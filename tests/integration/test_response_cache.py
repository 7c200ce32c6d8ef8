"""What comes again byte for byte is answered as the first time, without being parsed."""

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.server import Server, running_server

CORPUS = Path(__file__).resolve().parents[1] / "requests"
BODY = (CORPUS / "valid" / "one_model.http").read_bytes().partition(b"\r\n\r\n")[2]
REQUESTS = 'mnist_api_http_requests_total{method="POST",route="/predict",status="200"}'
TIMES = 'mnist_api_http_request_duration_seconds_count{route="/predict"}'
HITS = 'mnist_api_cache_requests_total{level="local",result="hit"}'
PARSED = 'mnist_api_stage_duration_seconds_count{stage="infer"}'


class Reply(NamedTuple):
    """A response, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes


class Line:
    """A connection that stays open, on which a request leaves in one piece."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=10)
        self._received = self.socket.makefile("rb")

    def ask(self, *headers: str, body: bytes = BODY) -> Reply:
        self.socket.sendall(request(headers, body))
        return self.receive()

    def close(self) -> None:
        self._received.close()
        self.socket.close()

    def receive(self) -> Reply:
        status = int(self._received.readline().split()[1])
        lines = iter(lambda: self._received.readline().decode().strip(), "")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return Reply(status, headers, self._received.read(int(headers["content-length"])))


def request(headers: Sequence[str], body: bytes) -> bytes:
    lines = [
        "POST /predict/ HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def connected(server: Server) -> Iterator[Line]:
    line = Line(server)
    try:
        yield line
    finally:
        line.close()


def same(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """Return what must not change from one response to the next."""
    own = ("x-request-id", "date", "x-cache")
    return reply.status, {k: v for k, v in reply.headers.items() if k not in own}, reply.body


def test_the_same_request_gets_the_same_response(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, connected(server) as line:
        replies = [line.ask() for _ in range(6)]
        assert [reply.headers["x-cache"] for reply in replies] == ["miss", *5 * ["local"]]
        assert all(same(reply) == same(replies[0]) for reply in replies)
        assert len({reply.headers["x-request-id"] for reply in replies}) == 6
        assert all(re.fullmatch("[0-9a-f]{16}", r.headers["x-request-id"]) for r in replies)
        for sample, value in ((REQUESTS, 6), (TIMES, 6), (HITS, 5), (PARSED, 1)):
            server.wait_for_metric(sample, value)


def test_each_request_has_the_id_that_its_client_gave(server: Server) -> None:
    with connected(server) as line:
        for number in range(5):
            reply = line.ask(f"X-Request-ID: from-the-ingress-{number}")
            assert reply.headers["x-request-id"] == f"from-the-ingress-{number}"
            assert reply.status == 200
        assert re.fullmatch("[0-9a-f]{16}", line.ask().headers["x-request-id"])


@pytest.mark.parametrize(
    "header",
    [
        "X-Request-ID: not one of ours",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "Cache-Control: no-cache",
    ],
)
def test_what_wants_a_response_of_its_own_gets_it(
    tmp_path: Path, server: Server, header: str
) -> None:
    with running_server(tmp_path, access_log="true") as plain, connected(plain) as line:
        expected = [line.ask(header) for _ in range(4)]
    with connected(server) as line:
        replies = [line.ask(header) for _ in range(4)]
    for reply, other in zip(replies, expected, strict=True):
        assert same(reply) == same(other)
    assert replies[-1].headers["x-cache"] == expected[-1].headers["x-cache"]
    if header.startswith("traceparent"):
        assert replies[-1].headers["x-request-id"] == "0af7651916cd43dd8448eb211c80319c"


def test_a_connection_ends_when_its_client_wants_it_to(server: Server) -> None:
    for _ in range(4):
        with connected(server) as line:
            assert line.ask("Connection: close").headers["connection"] == "close"
            assert line.socket.recv(1) == b""


def test_two_pictures_are_never_taken_for_one_another(tmp_path: Path) -> None:
    other = BODY.replace(b'"svm"', b'"mlp"').replace(b'"cnn"', b'"mlp"')
    assert other != BODY
    with running_server(tmp_path) as server, connected(server) as line:
        for _ in range(4):
            assert "mlp" not in line.ask().headers["x-model-version"]
            assert line.ask(body=other).headers["x-model-version"].startswith("mlp=")


def test_what_comes_in_pieces_or_together_is_answered_too(server: Server) -> None:
    with connected(server) as line:
        first = line.ask()
        whole = request((), BODY)
        for at in (20, len(whole) - len(BODY), len(whole) - 5):
            line.ask()
            line.socket.sendall(whole[:at])
            server.get("/healthz")  # a turn of the loop in between
            line.socket.sendall(whole[at:])
            assert same(line.receive()) == same(first)
        line.socket.sendall(whole + whole + whole)
        for _ in range(3):
            assert same(line.receive()) == same(first)


def test_the_access_log_has_every_request(tmp_path: Path) -> None:
    with running_server(tmp_path, access_log="true") as server:
        with connected(server) as line:
            ids = [line.ask().headers["x-request-id"] for _ in range(5)]
        logged = server.log.read_text()
    assert all(id_ in logged for id_ in ids)


def test_idle_connections_end_also_when_nothing_was_parsed(tmp_path: Path) -> None:
    with running_server(tmp_path, keepalive_seconds="1", head_timeout_seconds="2") as server:
        with connected(server) as line:
            line.ask()
            line.ask()
        with connected(server) as line:
            for _ in range(3):
                assert line.ask().headers["x-cache"] == "local"
            assert line.socket.recv(1000) == b""
