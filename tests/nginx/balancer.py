"""A real nginx with our configuration, and servers behind it that misbehave on purpose."""

import os
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import free_port

NGINX = Path(__file__).resolve().parents[2] / "nginx"
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


def configured(folder: Path, servers: Sequence[str], port: int, patience: str = "1s") -> Path:
    """Copy our configuration to a folder, with other servers and paths a test may write to.

    A test of the timeout is not to take the 15 s that it is.
    """
    for file in NGINX.glob("*.conf"):
        text = file.read_text().replace("/tmp/", f"{folder}/")  # noqa: S108
        text = text.replace("listen 8080", f"listen 127.0.0.1:{port}")
        text = text.replace("proxy_read_timeout 15s", f"proxy_read_timeout {patience}")
        (folder / file.name).write_text(text)
    upstream = (NGINX / "upstream.conf").read_text().splitlines()
    options = next(line for line in upstream if line.startswith("server")).split(maxsplit=2)[2]
    (folder / "upstream.conf").write_text(
        "".join(f"server {server} {options}\n" for server in servers)
    )
    return folder / "nginx.conf"


@contextmanager
def balancer(folder: Path, servers: Sequence[str], patience: str = "1s") -> Iterator[int]:
    """Run nginx before some servers; yield the port it listens on."""
    port = free_port()
    conf = configured(folder, servers, port, patience)
    log = folder / "nginx.log"
    # A worker of root's nginx would be nobody, who may not enter a test's folder.
    user = "user root; " if os.geteuid() == 0 else ""
    command = ["nginx", "-p", folder, "-c", conf, "-g", f"{user}daemon off;"]
    with log.open("w") as output:
        process = subprocess.Popen(command, env={"PATH": _PATH}, stderr=output, stdout=output)
    try:
        _wait_until_open(port, process, log)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


_PATH = "/usr/sbin:/usr/local/sbin:/sbin:/usr/bin:/bin:/usr/local/bin"


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"nginx ended: {log.read_text()}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nginx does not listen: {log.read_text()}")
