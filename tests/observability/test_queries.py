"""Every query that people and alerts look at has data from the real service."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART
from tests.observability.prometheus import RULES, Prometheus

DASHBOARD = json.loads((CHART / "files" / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]
RULE_LIST = [
    rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
]
RECORDED = [rule["record"] for rule in RULE_LIST if "record" in rule]


def filled_in(expression: str) -> str:
    """Put in what Grafana does for its variables."""
    for name, value in {"namespace": ".*", "job": ".*", "__rate_interval": "1m"}.items():
        expression = expression.replace(f"${name}", value)
    assert "$" not in expression
    return expression


@pytest.mark.parametrize("expression", QUERIES)
def test_every_query_of_the_dashboard_has_data(prometheus: Prometheus, expression: str) -> None:
    samples = prometheus.query(filled_in(expression))
    assert [sample for sample in samples if sample["value"][1] != "NaN"]


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_series_has_data(prometheus: Prometheus, name: str) -> None:
    assert [sample for sample in prometheus.query(name) if sample["value"][1] != "NaN"]


def test_every_metric_that_an_alert_looks_at_is_one_the_service_has(prometheus: Prometheus) -> None:
    known = set(prometheus.get("label/__name__/values")) | set(RECORDED)
    for rule in RULE_LIST:
        named = set(re.findall(r"\b(?:mnist_api[a-z0-9_:]*|up)\b", rule["expr"]))
        assert named, rule
        assert named <= known, named - known


def test_no_rule_fails_and_no_alert_fires_at_a_service_that_is_well(prometheus: Prometheus) -> None:
    groups = prometheus.get("rules")["groups"]
    states = [(rule["name"], rule["health"]) for group in groups for rule in group["rules"]]
    assert len(states) == len(RULE_LIST)
    assert {health for _, health in states} == {"ok"}
    assert prometheus.get("alerts")["alerts"] == []


def test_panels_have_names_of_their_own_and_do_not_overlap() -> None:
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        box: dict[str, Any] = panel["gridPos"]
        cells = {
            (box["x"] + column, box["y"] + line)
            for column in range(box["w"])
            for line in range(box["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
