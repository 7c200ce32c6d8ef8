"""compose.yaml on this machine's Docker: nginx, two services, memcached and Prometheus."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import ROOT
from tests.e2e.cluster.compose import STARTED, compose, port
from tests.e2e.cluster.kubernetes import build
from tests.e2e.cluster.test_installation import ask, predicts
from tests.observability.prometheus import Prometheus
from tests.support.waiting import eventually

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def nginx(images: None) -> Iterator[str]:  # noqa: ARG001
    """Address of nginx, once everything behind it is ready."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name in STARTED:
        build(services[name]["image"], HERE / "stand-ins.Dockerfile", HERE, target=name)
    try:
        compose("up", "--wait", "--wait-timeout=90", "--no-build", "--pull=never", *STARTED)
        yield f"http://127.0.0.1:{port('nginx', 8080)}"
    finally:
        compose("down", "--volumes", "--timeout=15")


@pytest.fixture
def prometheus(nginx: str) -> Prometheus:  # noqa: ARG001
    """The Prometheus that watches the services."""
    return Prometheus(port("prometheus", 9090))


def test_the_call_of_2018_is_answered_through_nginx(nginx: str) -> None:
    assert predicts(nginx)
    assert ask(nginx, "/metrics")[0] == 404


def test_prometheus_sees_both_services_and_reads_the_rules(prometheus: Prometheus) -> None:
    eventually(lambda: len(prometheus.query("up == 1")) == 2, "two services", seconds=60)
    assert {group["name"] for group in prometheus.get("rules")["groups"]} == {
        "mnist-api.ratios",
        "mnist-api.alerts",
    }


def test_the_services_reach_the_cache(nginx: str, prometheus: Prometheus) -> None:
    def asked(results: str) -> float:
        name = "mnist_api_cache_requests_total"
        found = prometheus.query(f'sum({name}{{level="memcached",result=~"{results}"}})')
        return float(found[0]["value"][1]) if found else 0.0

    def reached() -> bool:
        return predicts(nginx) and asked("hit|miss") > 0

    eventually(reached, "a question to memcached", seconds=60)
    assert asked("error") == 0


def test_a_service_that_stops_costs_no_answer(nginx: str) -> None:
    compose("stop", "api-1")
    assert all(predicts(nginx) for _ in range(20))
