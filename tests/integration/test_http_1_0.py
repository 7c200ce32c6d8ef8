"""Clients of HTTP/1.0, which know of kept connections only what they are told."""

import pytest

from tests.support.http import send_raw
from tests.support.server import Server

REQUEST = b"GET /models/ HTTP/1.0\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n"


@pytest.mark.parametrize("count", [1, 3])
def test_a_kept_connection_is_announced_to_clients_of_http_1_0(server: Server, count: int) -> None:
    for answer in send_raw(server, REQUEST * count, answers=count):
        assert answer.status == 200
        assert answer.headers["connection"] == "keep-alive"


def test_clients_of_http_1_1_are_told_nothing_they_know(server: Server) -> None:
    (answer,) = send_raw(server, b"GET /models/ HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "connection" not in answer.headers
