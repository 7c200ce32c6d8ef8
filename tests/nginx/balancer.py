"""A real nginx with our configuration, and servers behind it that misbehave on purpose."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import balancing

NGINX = balancing.SHIPPED
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"
ANSWER = _HEAD + b'{"prediction":3}'

Manner = Callable[[socket.socket], None]


def answer(connection: socket.socket) -> None:
    """Answer as the service does, and keep the connection."""
    connection.sendall(ANSWER)


def die(connection: socket.socket) -> None:
    """Close without a word, as a process killed under a request."""
    connection.shutdown(socket.SHUT_RDWR)


def refuse(connection: socket.socket) -> None:
    """Answer as an overloaded service."""
    body = b'{"error":"too busy","code":"overloaded"}'
    head = (
        f"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)


def hang(connection: socket.socket) -> None:
    """Take longer than nginx waits."""
    connection.settimeout(20)
    connection.recv(1)


class Fake(socketserver.ThreadingTCPServer):
    """An upstream of one manner, which counts its connections and keeps its requests."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.connections = 0
        self.requests: list[bytes] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(socketserver.BaseRequestHandler):
    server: Fake

    def handle(self) -> None:
        self.server.connections += 1
        while request := self._read():
            self.server.requests.append(request)
            try:
                self.server.manner(self.request)
            except OSError:
                return

    def _read(self) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            part: bytes = self.request.recv(65536)
            if not part:
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"ength:" in line), 0
        )
        while len(body) < length:
            body += self.request.recv(65536)
        return head + b"\r\n\r\n" + body


@contextmanager
def fake(manner: Manner) -> Iterator[Fake]:
    """Run an upstream of one manner."""
    with Fake(manner) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def configured(folder: Path, servers: Sequence[str], port: int) -> Path:
    """Copy our configuration to a folder, as `balancer` runs it."""
    return balancing.configured(servers, folder, port, _edits("1s"))


@contextmanager
def balancer(folder: Path, servers: Sequence[str], patience: str = "1s") -> Iterator[int]:
    """Run nginx before some servers; yield the port it listens on.

    A test of the timeout is not to take the 15 s that it is.
    """
    with balancing.balancing(servers, folder, _edits(patience)) as nginx:
        yield nginx.port


def _edits(patience: str) -> dict[str, str]:
    return {"proxy_read_timeout 15s": f"proxy_read_timeout {patience}"}
