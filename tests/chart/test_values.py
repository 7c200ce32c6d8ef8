"""Values: every one documented and typed, every mistake named before anything is installed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, ROOT, Helm

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# Maps whose keys are the user's: labels and annotations, and parts that the API itself defines.
OPEN = {
    "#/properties/global",
    "#/definitions/stringMap",
    "#/definitions/quantities",
    *(f"#/properties/affinity/{name}Affinity" for name in ("node", "pod", "podAnti")),
}


def open_objects(node: Any, place: str = "#") -> Iterator[str]:
    """Find the objects of the schema that take keys it does not know."""
    if isinstance(node, list):
        for index, part in enumerate(node):
            yield from open_objects(part, f"{place}/{index}")
    if not isinstance(node, dict):
        return
    if node.get("type") == "object" and node.get("additionalProperties") is not False:
        yield place
    for name, part in node.items():
        yield from open_objects(part, place if name == "properties" else f"{place}/{name}")


def test_the_schema_takes_no_key_it_does_not_know() -> None:
    found = {
        place.replace("#/", "#/properties/", 1) if not place.startswith("#/def") else place
        for place in open_objects(SCHEMA)
    }
    assert {place for place in found if "/definitions/volume/" not in place} == OPEN


def test_readme_and_schema_say_what_values_and_settings_say() -> None:
    subprocess.run([sys.executable, ROOT / "tools" / "chart_docs.py", "--check"], check=True)


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ("replicaCont=2", "replicaCont"),
        ("ingress.enable=true", "enable"),
        ("ingress.hosts[0].hots=mnist.test", "hots"),
        ("image.tag=latest", "tag"),
        ("image.digest=sha256:abc", "digest"),
        ("settings.max_body_byte=1", "max_body_byte"),
        ("settings.workers=0", "workers"),
        ("settings.log_level=loud", "log_level"),
        ("settings.bind=0.0.0.0:80", "bind"),
        ("memcached.external=cache", "external"),
        ("service.port=70000", "port"),
        ("autoscaling.behavior.scaleDown.policies[0].type=Node", "type"),
        ("resources.requests.cpu=lots", "cpu"),
    ],
)
def test_a_mistake_is_refused_by_name(helm: Helm, mistake: str, named: str) -> None:
    refused = helm.run("template", "mnist", CHART, "--set", mistake)
    assert refused.returncode != 0
    assert named in refused.stderr


def test_a_route_without_a_gateway_is_refused_by_name(helm: Helm) -> None:
    refused = helm.run("template", "mnist", CHART, "--set=httpRoute.enabled=true")
    assert "httpRoute.parentRefs" in refused.stderr


def test_every_file_for_a_way_of_use_differs_from_the_defaults_only(values: Path) -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())

    def repeated(mine: Any, default: Any) -> Iterator[Any]:
        for name, value in mine.items():
            if isinstance(value, dict) and isinstance(default.get(name), dict):
                yield from repeated(value, default[name])
            elif default.get(name) == value:
                yield name

    assert not list(repeated(yaml.safe_load(values.read_text()), defaults))
