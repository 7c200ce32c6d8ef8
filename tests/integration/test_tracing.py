"""Traces, as an OpenTelemetry collector receives them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stages import png_of
from tests.support.collector import Collector, running_collector
from tests.support.http import send_raw
from tests.support.memcached import running_memcached
from tests.support.server import Server, free_port, running_server

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SERVER_KIND = 2


@pytest.fixture
def png(digits: dict[str, np.ndarray]) -> bytes:
    return png_of(digits["train_images"][0])


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that servers started from here on know."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        yield collector


def test_a_request_is_a_span_below_the_clients_with_its_stages_below_it(
    traced: Collector, tmp_path: Path, png: bytes
) -> None:
    with running_server(tmp_path) as server:
        server.post("/predict/?model=cnn", png, "image/png", traceparent=PARENT)
        [received] = traced.wait_for("POST /predict")
        stages = [traced.wait_for(name)[0] for name in ("decode", "normalise", "infer cnn")]
    span = received.span
    assert span.kind == SERVER_KIND
    assert span.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    assert received.resource["service.name"] == "mnist-api"
    assert received.attributes.pop("user_agent.original").startswith("Python-urllib")
    assert received.attributes == {
        "http.request.method": "POST",
        "http.route": "/predict",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": "/predict",
        "network.protocol.version": "1.1",
        "server.address": "127.0.0.1",
        "server.port": server.port,
        "mnist_api.request_id": "0af7651916cd43dd8448eb211c80319c",
        "mnist_api.cache": "miss",
    }
    times = [span.start_time_unix_nano]
    for stage in stages:
        assert (stage.span.trace_id, stage.span.parent_span_id) == (span.trace_id, span.span_id)
        times += [stage.span.start_time_unix_nano, stage.span.end_time_unix_nano]
    times.append(span.end_time_unix_nano)
    # The stages follow each other within the request; two clocks meet to a microsecond or so.
    assert all(later - earlier > -50_000 for earlier, later in pairwise(times))


def test_requests_of_one_connection_are_traces_of_their_own(
    traced: Collector, tmp_path: Path
) -> None:
    with running_server(tmp_path) as server:
        request = b"GET /models/ HTTP/1.1\r\nHost: a\r\n\r\n"
        send_raw(server, request * 3, answers=3)
        spans = traced.wait_for("GET /models", 3)
    assert len({span.span.trace_id for span in spans}) == 3
    assert all(not span.span.parent_span_id for span in spans)


def test_asking_memcached_and_decoding_off_the_loop_belong_to_their_request(
    traced: Collector, tmp_path: Path, digits: dict[str, np.ndarray]
) -> None:
    large = png_of(np.kron(digits["train_images"][0], np.ones((20, 20), np.uint8)))
    with (
        running_memcached() as memcached,
        running_server(tmp_path, memcached=memcached.address) as server,
    ):
        server.post("/predict/", large, "image/png")
        [received] = traced.wait_for("POST /predict")
        for name in ("ask memcached", "decode", "normalise", "infer svm"):
            [stage] = traced.wait_for(name)
            assert stage.span.parent_span_id == received.span.span_id, name


def test_what_clients_do_wrong_is_no_error_of_the_service(
    traced: Collector, tmp_path: Path
) -> None:
    with running_server(tmp_path) as server:
        server.post("/predict/", b"no picture", "image/png")
        send_raw(server, b"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n")
        [refused] = traced.wait_for("POST /predict")
        [invented] = traced.wait_for("HTTP")
    assert refused.attributes["http.response.status_code"] == 422
    assert refused.span.status.code == 0
    assert invented.attributes["http.request.method"] == "_OTHER"
    assert invented.attributes["http.request.method_original"] == "BREW"
    assert "http.route" not in invented.attributes


@pytest.mark.parametrize(
    ("head", "server"),
    [
        (b"HTTP/1.0", {}),
        (b"HTTP/1.1\r\nHost: a:b", {"server.address": "a:b"}),
        (b"HTTP/1.1\r\nHost: a:80", {"server.address": "a", "server.port": 80}),
        (b"HTTP/1.1\r\nHost: [::1]", {"server.address": "[::1]"}),
    ],
)
def test_whatever_host_a_client_names_is_no_reason_to_fail(
    traced: Collector, tmp_path: Path, head: bytes, server: dict[str, object]
) -> None:
    with running_server(tmp_path) as running:
        send_raw(running, b"GET /models/ " + head + b"\r\n\r\n")
        received = traced.wait_for("GET /models")[0]
    assert received.attributes["http.response.status_code"] == 200
    assert {k: v for k, v in received.attributes.items() if k.startswith("server.")} == server


def test_the_last_spans_leave_before_the_worker_does(
    traced: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "60000")
    with running_server(tmp_path) as server:
        server.get("/models/")
    assert traced.wait_for("GET /models")


@pytest.mark.parametrize("collector", ["gone", "hanging"])
def test_without_its_collector_the_service_serves_on_and_stops_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, png: bytes, collector: str
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if collector == "hanging" else free_port()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        with running_server(tmp_path) as server:
            for _ in range(300):
                assert server.post("/predict/", png, "image/png")[0] == 200
            time.sleep(1)
            server.process.send_signal(signal.SIGTERM)
            start = time.monotonic()
            assert server.process.wait(timeout=12) == 0
            assert time.monotonic() - start < 8
            said = server.log.read_text().splitlines()
    assert all(json.loads(line)["level"] != "critical" for line in said)
    assert len(said) < 10, said


def run(program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    program = (
        "import sys; from mnist_api.asgi import application; application();"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    for switch in ({}, {"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"} if switch else {}
        assert run(program, **switch, **endpoint).stdout.strip() == "[]"


def test_with_an_endpoint_but_without_the_extra_the_service_says_so_and_serves() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None;"
        "from mnist_api.asgi import application; application()"
    )
    said = run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1").stderr
    assert "no traces for http://127.0.0.1:1" in said
    assert "pip install 'mnist-api[otel]'" in said


def test_traces_add_nothing_to_the_answer(
    server: Server, traced: Collector, tmp_path: Path
) -> None:
    request = b"GET /models/ HTTP/1.1\r\nHost: a\r\nX-Request-ID: b\r\n\r\n"
    [plain] = send_raw(server, request)
    with running_server(tmp_path) as with_traces:
        [answer] = send_raw(with_traces, request)
    for headers in (plain.headers, answer.headers):
        headers.pop("date", None)
    assert (answer.headers, answer.body) == (plain.headers, plain.body)
    assert traced.wait_for("GET /models")
