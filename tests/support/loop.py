"""A server with the retraining loop, and what bears its token."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.server import Server, running_server

SECRET = "sesame-0123456789"


@dataclass
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Operator:
    """Calls a server as the bearer of a token, or of none."""

    server: Server
    token: str | None = SECRET

    def call(self, method: str, path: str, body: Any = None) -> Reply:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.server.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Reply(response.status, response.read(), response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.read(), error.headers)

    def get(self, path: str) -> Any:
        reply = self.call("GET", path)
        assert reply.status == 200, reply
        return reply.json


@contextmanager
def running_loop(folder: Path, **settings: str) -> Iterator[Operator]:
    """Start the service with a store in a folder and a token of the name ann."""
    given = {"token": f"ann:{SECRET}", "store": f"file://{folder}/store", **settings}
    with running_server(folder, **given) as server:
        yield Operator(server)
