import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mnist_api.client import Client, Refused, Unreachable
from tests.support.server import free_port

THREE = (200, {}, b'{"prediction":3}')
OVERLOADED = b'{"error":"the service is at its limit","code":"overloaded"}'
Scripted = tuple[int, dict[str, str], bytes]


class Script(ThreadingHTTPServer):
    """A server that answers what it was told to, in order, and the last for ever."""

    daemon_threads = True

    def __init__(self, answers: list[Scripted]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = answers
        self.connections = 0
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece: the client's delayed acknowledgement costs 40 ms
    server: Script

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.paths.append(self.path)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        # Closes without having said so, as a server does with a connection that was idle.
        self.close_connection = "X-Hang-Up" in headers

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def answering(*answers: Scripted) -> Iterator[Script]:
    server = Script(list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Waits:
    """A clock that waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.all: list[float] = []

    def wait(self, seconds: float) -> None:
        self.all.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def test_requests_share_a_kept_connection() -> None:
    with answering(THREE) as server:
        client = Client(server.url)
        answers = [client.predict(b"picture", "cnn") for _ in range(5)]
        client.close()
    assert answers == [{"prediction": 3}] * 5
    assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    with answering((200, {"X-Hang-Up": "yes"}, b'{"prediction":3}')) as server:
        client = Client(server.url)
        assert [client.predict(b"", None)["prediction"] for _ in range(3)] == [3, 3, 3]
        client.close()
    assert server.connections == 3


def test_a_path_before_the_service_and_an_odd_model_name_are_kept() -> None:
    with answering(THREE) as server:
        client = Client(server.url + "/digits/")
        client.predict(b"", "a/b&c")
        client.close()
    assert server.paths == ["/digits/predict/?model=a%2Fb%26c"]


def test_an_overloaded_service_is_asked_again_after_the_time_it_names() -> None:
    waits = Waits()
    with answering((503, {"Retry-After": "2"}, OVERLOADED), (429, {}, OVERLOADED), THREE) as server:
        client = Client(server.url, wait=waits.wait, clock=waits.clock)
        assert client.predict(b"", None) == {"prediction": 3}
        client.close()
    assert waits.all == [2.0, 1.0]


@pytest.mark.parametrize(
    ("retry_after", "waited"), [("0", 0.5), ("7", 7.0), ("86400", 20.0), ("soon", 1.0)]
)
def test_patience_has_bounds_whatever_the_service_says(retry_after: str, waited: float) -> None:
    waits = Waits()
    with answering((503, {"Retry-After": retry_after}, OVERLOADED)) as server:
        client = Client(server.url, wait=waits.wait, clock=waits.clock)
        with pytest.raises(Refused, match="at its limit") as refused:
            client.predict(b"", None)
        client.close()
    assert refused.value.status == 503
    assert set(waits.all) == {waited}
    assert 50 <= sum(waits.all) <= 60.1


def test_a_closed_client_waits_no_longer() -> None:
    with answering((503, {"Retry-After": "20"}, OVERLOADED)) as server:
        client = Client(server.url)
        client.close()
        with pytest.raises(Refused):
            client.predict(b"", None)
        client.close()


def test_a_refusal_carries_the_sentence_and_the_code() -> None:
    body = json.dumps({"error": "no picture", "code": "not_an_image"}).encode()
    with answering((422, {}, body)) as server:
        client = Client(server.url)
        with pytest.raises(Refused, match=r"^no picture$") as refused:
            client.predict(b"", None)
        client.close()
    assert (refused.value.status, refused.value.code) == (422, "not_an_image")


@pytest.mark.parametrize("answer", [(200, {}, b"<html>"), (200, {}, b"[]"), (404, {}, b"{}")])
def test_what_is_not_mnist_api_is_told_so(answer: Scripted) -> None:
    with answering(answer) as server:
        client = Client(server.url)
        with pytest.raises(Refused, match=r"not as mnist-api does$") as refused:
            client.models()
        client.close()
    assert refused.value.code is None


def test_where_nobody_listens_is_said_with_the_reason() -> None:
    client = Client(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match=r"^nobody answers at http.* \(connection refused\)$"):
        client.predict(b"", None)


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://host", "http://", "http://h:x"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"no address|Port"):
        Client(url)
