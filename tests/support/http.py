"""HTTP by the byte: what a real client library would refuse to send."""

import json
import socket
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from tests.support.server import Server


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send_raw(server: Server, request: bytes, answers: int = 1) -> list[Answer]:
    """Send bytes over one connection and read that many responses."""
    with socket.create_connection((server.host, server.port), timeout=20) as connection:
        connection.sendall(request)
        return [read_answer(connection) for _ in range(answers)]


def read_answer(connection: socket.socket) -> Answer:
    # A buffered reader would swallow the start of the next response of a pipeline.
    response = HTTPResponse(connection)
    response.fp.close()
    response.fp = connection.makefile("rb", buffering=0)  # type: ignore[assignment]
    response.begin()
    body = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body)
