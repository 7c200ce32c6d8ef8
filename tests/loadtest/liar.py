"""A service in front of the real one that starts to answer wrongly once it is asked more."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import urlsplit


class Liar(ThreadingHTTPServer):
    """Passes `truths` predictions on as they are, and then makes every n-th of them wrong."""

    daemon_threads = True

    def __init__(self, url: str, truths: int, every: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = urlsplit(url).netloc
        self.truths, self.every = truths, every
        self.predictions = count(1)

    def distorted(self, content: bytes) -> bytes:
        """Return a prediction, or what is made of it."""
        number = next(self.predictions)
        if number <= self.truths or number % self.every:
            return content
        answer = json.loads(content)
        if "prediction" in answer:
            answer["prediction"] = (answer["prediction"] + 1) % 10
        for model, digit in answer.get("predictions", {}).items():
            answer["predictions"][model] = (digit + 1) % 10
        return json.dumps(answer).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are written apart: the body would wait 40 ms for the head's acknowledgement.
    disable_nagle_algorithm = True
    server: Liar

    def do_GET(self) -> None:
        self._pass(None)

    def do_POST(self) -> None:
        self._pass(self.rfile.read(int(self.headers["Content-Length"])))

    def _pass(self, body: bytes | None) -> None:
        connection = http.client.HTTPConnection(self.server.behind, timeout=10)
        headers = {"Content-Type": self.headers.get("Content-Type", "")}
        connection.request(self.command, self.path, body, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if self.path.startswith("/predict"):
            content = self.server.distorted(content)
        self.send_response(response.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def lying(liar: Liar) -> Iterator[str]:
    """Run it and yield its URL."""
    thread = threading.Thread(target=liar.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{liar.server_port}"
    finally:
        liar.shutdown()
        thread.join()
        liar.server_close()
