"""What the chart renders is what a Kubernetes API server takes."""

from pathlib import Path

import kubernetes_validate
import pytest

from tests.chart.helm import CHART, Helm, Object, key

# The oldest that Chart.yaml allows, and the newest whose schemas are known.
KUBERNETES = ("1.30", "1.34", kubernetes_validate.latest_version())
CUSTOM = {
    "gateway.networking.k8s.io/v1": {"HTTPRoute"},
    "monitoring.coreos.com/v1": {"ServiceMonitor", "PrometheusRule"},
}


def test_helm_lint_has_nothing_to_say(helm: Helm, values: Path) -> None:
    linted = helm.run("lint", "--strict", CHART, "--values", values)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "[WARNING]" not in linted.stdout


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_valid_with_no_unknown_field(rendered: list[Object], version: str) -> None:
    for thing in rendered:
        if thing["kind"] not in CUSTOM.get(thing["apiVersion"], set()):
            kubernetes_validate.validate(thing, version, strict=True)


def test_no_object_is_rendered_twice(rendered: list[Object]) -> None:
    names = [key(thing) for thing in rendered]
    assert len(names) == len(set(names))


def test_the_defaults_need_no_custom_resource(helm: Helm) -> None:
    assert not [thing for thing in helm.template() if thing["apiVersion"] in CUSTOM]


@pytest.mark.parametrize("release", ["mnist", "mnist-api", "a" * 53])
def test_every_name_stays_within_its_limit(helm: Helm, release: str) -> None:
    everything = "--set=metrics.dashboard.enabled=true,metrics.serviceMonitor.enabled=true"
    rendered = helm.run("template", release, CHART, everything)
    assert rendered.returncode == 0, rendered.stderr
    names = [
        line.split()[-1] for line in rendered.stdout.splitlines() if line.startswith("  name:")
    ]
    assert names
    # 63 is the limit of a label; a StatefulSet hangs `-<10 characters>` on its name in one.
    assert max(len(name) for name in names) <= 63
    assert max(len(name) for name in names if name.endswith("-memcached")) <= 63 - 11


def test_a_release_called_like_the_chart_does_not_repeat_its_name(helm: Helm) -> None:
    rendered = helm.run("template", "mnist-api", CHART)
    assert "mnist-api-mnist-api" not in rendered.stdout


def test_the_notes_name_what_was_installed(helm: Helm) -> None:
    dry = helm.run("install", "mnist", CHART, "--namespace", "digits", "--dry-run=client")
    notes = dry.stdout.partition("NOTES:")[2]
    assert "helm -n digits test mnist" in notes
    assert "deployment/mnist-mnist-api" in notes
    assert "Host: mnist.test" in notes
