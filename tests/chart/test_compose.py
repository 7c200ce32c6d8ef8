"""compose.yaml is well-formed and fits what it mounts and starts."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from benchmarks.balancing import places
from mnist_api.settings import Settings
from tests.chart.helm import CHART, ROOT

TEXT = (ROOT / "compose.yaml").read_text()


class Strict(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The part of the Compose Specification that we use."""


class Build(Strict):
    context: str
    target: str


class Healthcheck(Strict):
    test: list[str]
    interval: str
    timeout: str
    retries: int
    start_period: str


class Mount(Strict):
    source: str
    target: str


class Service(Strict):
    image: str
    restart: str
    build: Build | None = None
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[str] = []
    security_opt: list[str] = []
    mem_limit: str = ""
    stop_grace_period: str = "10s"
    healthcheck: Healthcheck | None = None
    depends_on: dict[str, dict[str, str]] = {}
    ports: list[str] = []
    user: str = ""
    volumes: list[str] = []
    command: list[str] = []
    configs: list[Mount] = []
    environment: dict[str, str] = {}


class Config(Strict):
    content: str


class Compose(Strict):
    name: str
    services: dict[str, Service]
    configs: dict[str, Config]
    volumes: dict[str, Any]


def compose() -> Compose:
    """Return compose.yaml, in types."""
    document = yaml.safe_load(TEXT)
    kept = {name: part for name, part in document.items() if not name.startswith("x-")}
    return msgspec.convert(kept, Compose)


def test_it_is_valid_by_the_compose_specifications_own_schema() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    schema = ["--builtin-schema", "vendor.compose-spec"]
    subprocess.run([checker, *schema, ROOT / "compose.yaml"], check=True)


def test_nothing_is_reachable_from_other_machines() -> None:
    ports = [port for service in compose().services.values() for port in service.ports]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_image_is_pinned() -> None:
    for service in compose().services.values():
        assert re.fullmatch(r"[a-z/-]+:v?\d[\w.-]*", service.image)


def test_every_mounted_file_and_volume_is_there() -> None:
    document = compose()
    for service in document.services.values():
        for volume in service.volumes:
            source = volume.split(":")[0]
            assert (ROOT / source).is_file() or source in document.volumes, source
        for mount in service.configs:
            assert mount.source in document.configs
        for needed in service.depends_on:
            assert document.services[needed].healthcheck


def test_nginx_gets_its_whole_configuration_and_asks_the_services_there_are() -> None:
    services = compose().services
    mounted = {volume.split(":")[0] for volume in services["nginx"].volumes}
    assert mounted == {f"./nginx/{path.name}" for path in (ROOT / "nginx").glob("*.conf")}
    upstream = (ROOT / "nginx" / "upstream.conf").read_text()
    servers = re.findall(r"^server ([\w-]+):8000", upstream, re.MULTILINE)
    assert servers == [name for name in services if name.startswith("api-")]


def test_the_services_know_how_much_nginx_sends_them() -> None:
    for name, service in compose().services.items():
        if name.startswith("api-"):
            assert service.environment["MNIST_API_PROXY_MAX_CONNS"] == str(places())


def test_the_services_are_closed_and_have_time_to_drain() -> None:
    for name, service in compose().services.items():
        if name.startswith("api-"):
            assert service.read_only
            assert service.cap_drop == ["ALL"]
            assert int(service.stop_grace_period[:-1]) > Settings().graceful_timeout_seconds


def test_the_image_is_the_charts_own() -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert compose().services["api-1"].image == f"mnist-api:{version}"


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    rules = CHART / "files" / "rules.yaml"
    content = compose().configs["prometheus"].content
    file = tmp_path / "prometheus.yml"
    file.write_text(content.replace("/etc/prometheus/rules.yaml", str(rules)))
    promtool = shutil.which("promtool")
    assert promtool is not None, "promtool is missing: apt-get install prometheus"
    subprocess.run([promtool, "check", "config", file], check=True)


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    document = compose()
    source = yaml.safe_load(document.configs["datasource"].content)["datasources"][0]
    assert source["url"] == "http://prometheus:9090"
    folder = yaml.safe_load(document.configs["dashboards"].content)["providers"][0]["options"]
    shown = [volume.split(":")[1] for volume in document.services["grafana"].volumes]
    assert [str(Path(path).parent) for path in shown] == [folder["path"]]
