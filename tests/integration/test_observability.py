"""What the service tells of itself: metrics, request ids, logs."""

import json
import re
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stages import png_of
from tests.support.http import send_raw
from tests.support.loop import running_loop
from tests.support.server import Server, running_server

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.fixture
def png(digits: dict[str, np.ndarray]) -> bytes:
    return png_of(digits["train_images"][0])


def test_every_metric_is_documented_and_every_documented_metric_exists(
    tmp_path: Path, png: bytes
) -> None:
    with running_loop(tmp_path) as operator:
        operator.server.post("/predict/", png, "image/png")
        metrics = operator.server.get("/metrics").decode()
    exposed = set(re.findall(r"^# TYPE (mnist_api_\w+)", metrics, re.MULTILINE))
    documented = set(re.findall(r"^\| `(mnist_api_\w+)`", README, re.MULTILINE))
    assert documented == exposed


def test_a_prediction_is_counted_by_route_model_digit_and_stage(tmp_path: Path, png: bytes) -> None:
    with running_server(tmp_path) as server:
        _, answer, _ = server.post("/predict/?model=cnn", png, "image/png")
        server.post("/predict/?model=cnn", png, "image/png")
        server.post("/predict/?model=nope", png, "image/png")
        requests = 'mnist_api_http_requests_total{method="POST",route="/predict",status="%s"}'
        assert server.metric(requests % 200) == 2
        assert server.metric(requests % 422) == 1
        digit = answer["prediction"]
        assert server.metric(f'mnist_api_predictions_total{{digit="{digit}",model="cnn"}}') == 2
        lookups = 'mnist_api_cache_requests_total{level="local",result="%s"}'
        assert server.metric(lookups % "miss") == 1
        assert server.metric(lookups % "hit") == 1
        for stage in ("decode", "normalise", "infer"):
            assert server.metric(f'mnist_api_stage_duration_seconds_count{{stage="{stage}"}}') == 1
        assert server.metric("mnist_api_cache_bytes") > 0


def test_paths_that_clients_invent_make_no_series(server: Server) -> None:
    for number in range(3):
        status = server.post(f"/invented/{number}", b"", "text/plain")[0]
        assert status == 404
    assert b"invented" not in server.get("/metrics")


def test_the_page_has_only_its_own_files(server: Server) -> None:
    assert b"<canvas" in server.get("/")
    assert server.get("/static/style.css")
    status = send_raw(server, b"GET /static/app.py HTTP/1.1\r\nHost: a\r\n\r\n")[0].status
    assert status == 404


def test_the_model_info_names_the_served_weights(server: Server) -> None:
    for name, version in json.loads(server.get("/readyz"))["models"].items():
        sha256 = json.loads(server.get(f"/models/{name}"))["sha256"]
        labels = f'model="{name}",sha256="{sha256}",version="{version}"'
        assert server.metric(f"mnist_api_model_info{{{labels}}}") == 1


def test_an_answer_carries_the_request_id_of_the_client(server: Server) -> None:
    _, _, headers = server.post("/predict/", b"{}", "application/json", X_Request_ID="abc-1")
    assert headers["X-Request-ID"] == "abc-1"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Server"] == "mnist-api"


def test_the_access_log_has_a_line_a_request_and_nothing_of_the_image(
    tmp_path: Path, png: bytes
) -> None:
    image = b64encode(png).decode()
    body = json.dumps({"model": "cnn", "image": image}).encode()
    with running_server(tmp_path, access_log="true") as server:
        server.post(
            "/predict/",
            body,
            "application/json",
            X_Request_ID="seen-once",
            Authorization="Bearer secret",
        )
        text = server.log.read_text()
    [entry] = [
        entry
        for entry in map(json.loads, text.splitlines())
        if "request_id" in entry and entry["request_id"] == "seen-once"
    ]
    assert entry["message"] == "request"
    assert (entry["route"], entry["method"], entry["status"]) == ("/predict", "POST", 200)
    assert 0 < entry["duration_ms"] < 10_000
    assert image[:40] not in text
    assert "secret" not in text


def test_without_the_setting_requests_are_not_logged(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.get("/models/")
        lines = server.log.read_text().splitlines()
    assert not [line for line in lines if json.loads(line)["message"] == "request"]
