"""The alerts fire when they must, keep quiet when they must, and say what to do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.chart.helm import ROOT, Helm, named
from tests.observability.prometheus import RULES, command

HERE = Path(__file__).parent
ALERTS = [
    rule
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
TESTS = sorted(HERE.glob("*.test.yaml"))


def test_promtool_finds_nothing_to_mend() -> None:
    subprocess.run([command("promtool"), "check", "rules", RULES], check=True)


@pytest.mark.parametrize("tests", TESTS, ids=lambda path: path.stem)
def test_promtool_sees_every_alert_fire_and_keep_quiet(tests: Path, tmp_path: Path) -> None:
    shutil.copy(RULES, tmp_path)
    shutil.copy(tests, tmp_path)
    subprocess.run([command("promtool"), "test", "rules", tests.name], cwd=tmp_path, check=True)


def test_every_alert_has_a_case_in_which_it_fires() -> None:
    fired = {
        case["alertname"]
        for tests in TESTS
        for group in yaml.safe_load(tests.read_text())["tests"]
        for case in group["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert fired == {alert["alert"] for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_names_a_runbook_that_there_is(alert: dict[str, dict[str, str]]) -> None:
    path, _, anchor = alert["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}
    assert alert["labels"]["severity"] in {"critical", "warning"}


def test_the_chart_installs_the_very_rules_and_dashboard_that_are_tested(helm: Helm) -> None:
    switches = ("metrics.prometheusRule.enabled=true", "metrics.dashboard.enabled=true")
    objects = helm.template(*(f"--set={switch}" for switch in switches))
    assert named(objects, "PrometheusRule")["spec"] == yaml.safe_load(RULES.read_text())
    dashboard = named(objects, "ConfigMap", "-dashboard")
    assert dashboard["data"]["mnist-api.json"] == RULES.with_name("dashboard.json").read_text()
