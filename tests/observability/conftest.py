"""The service under a little of every kind of traffic, and a Prometheus that saw it."""

import http.server
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mnist_api.imaging.encode import encode_png
from tests.chart.helm import CHART, Helm
from tests.observability.prometheus import Prometheus, running_prometheus
from tests.support.loop import running_loop
from tests.support.server import Server
from tests.support.waiting import eventually

BESIDE = Path(__file__).with_name("beside.txt")


class _Beside(http.server.BaseHTTPRequestHandler):
    """The figures that others than the service give: kube-state-metrics and cAdvisor."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(BESIDE.read_bytes())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def beside() -> Iterator[str]:
    """Address of the figures that come from beside the service."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Beside)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service of this folder's own: another's figures would be in the way."""
    # With the retraining loop, so that all metrics are there.
    with running_loop(tmp_path_factory.mktemp("observed")) as operator:
        yield operator.server


@pytest.fixture(scope="session")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory,
    service: Server,
    beside: str,
    digits: dict[str, np.ndarray],
) -> Iterator[Prometheus]:
    """Prometheus, once it has scraped some traffic: new images, known ones, and what is none."""
    targets = {"mnist-api": f"{service.host}:{service.port}", "beside": beside}
    new = map(encode_png, itertools.cycle(digits["train_images"]))
    known = (CHART / "files" / "three.json").read_bytes()

    def scraped() -> bool:
        service.post("/predict/", next(new), "image/png")
        service.post("/predict/", known, "application/json")
        service.post("/predict/", b"no image", "image/png")
        rates = 'count_over_time(mnist_api_predictions_total{job="mnist-api"}[1m]) >= 4'
        return bool(running.query(rates)) and bool(
            running.query('mnist_api:predictions:share_rate7d{job="mnist-api"}')
        )

    with running_prometheus(tmp_path_factory.mktemp("prometheus"), targets) as running:
        eventually(scraped, "four scrapes of the traffic")
        yield running


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Helm with folders of its own."""
    return Helm(tmp_path_factory.mktemp("helm"))
