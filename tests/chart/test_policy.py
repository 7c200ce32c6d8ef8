"""What we hold every rendered pod and service to, whatever the values."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, ROOT, Helm, Object, key, named, pod_specs

SERVER = ("Deployment", "")


def containers(objects: list[Object]) -> dict[str, Object]:
    return {
        f"{pod}/{container['name']}": container
        for pod, spec in pod_specs(objects).items()
        for container in spec.get("initContainers", []) + spec["containers"]
    }


def workloads(objects: list[Object]) -> list[Object]:
    return [thing for thing in objects if thing["kind"] in {"Deployment", "StatefulSet"}]


def selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


def test_every_pod_meets_the_standard_restricted(rendered: list[Object]) -> None:
    for pod, spec in pod_specs(rendered).items():
        assert spec["securityContext"]["runAsNonRoot"], pod
        assert spec["securityContext"]["runAsUser"] > 0, pod
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, pod
        assert not spec.get("hostNetwork"), pod
    for name, container in containers(rendered).items():
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, name
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert context["readOnlyRootFilesystem"] is True, name


def test_no_pod_gets_a_token_unasked_or_service_links(rendered: list[Object]) -> None:
    for pod, spec in pod_specs(rendered).items():
        assert spec["automountServiceAccountToken"] is False, pod
        assert spec["enableServiceLinks"] is False, pod


def test_every_container_requests_cpu_and_memory_and_limits_memory(rendered: list[Object]) -> None:
    for name, container in containers(rendered).items():
        assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, name
        assert "memory" in container["resources"]["limits"], name


def test_every_image_has_a_tag_that_is_not_latest(rendered: list[Object]) -> None:
    for name, container in containers(rendered).items():
        tag = container["image"].rpartition(":")[2]
        assert "/" not in tag, name
        assert tag not in {"", "latest"}, name


def test_every_container_that_serves_has_all_three_probes(rendered: list[Object]) -> None:
    for workload in workloads(rendered):
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert container.keys() >= {"startupProbe", "livenessProbe", "readinessProbe"}


def test_probes_ask_what_they_mean(rendered: list[Object]) -> None:
    (server,) = named(rendered, *SERVER)["spec"]["template"]["spec"]["containers"]
    paths = {name: server[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness")}
    assert paths == {"liveness": "/healthz", "readiness": "/readyz"}
    # A pod that is slow to start is not dead, and one that is busy gives up serving before living.
    assert server["startupProbe"]["failureThreshold"] >= 30
    patience = [
        server[f"{name}Probe"]["periodSeconds"] * server[f"{name}Probe"]["failureThreshold"]
        for name in ("readiness", "liveness")
    ]
    assert patience == sorted(patience)


def test_the_grace_period_covers_the_pre_stop_sleep_and_the_drain(rendered: list[Object]) -> None:
    pod = named(rendered, *SERVER)["spec"]["template"]["spec"]
    sleep = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    settings = named(rendered, "ConfigMap")["data"]
    drain = int(settings["MNIST_API_GRACEFUL_TIMEOUT_SECONDS"])
    assert pod["terminationGracePeriodSeconds"] >= sleep + drain + 2


def test_selectors_choose_their_own_pods_and_no_others(rendered: list[Object]) -> None:
    labels = {
        key(thing): thing["spec"]["template"]["metadata"]["labels"] for thing in workloads(rendered)
    } | {key(thing): thing["metadata"]["labels"] for thing in rendered if thing["kind"] == "Pod"}
    selectors: dict[str, Any] = {
        key(thing): thing["spec"]["selector"] for thing in rendered if thing["kind"] == "Service"
    } | {key(thing): thing["spec"]["selector"]["matchLabels"] for thing in workloads(rendered)}
    for name, selector in selectors.items():
        chosen = [pod for pod in labels if selects(selector, labels[pod])]
        assert len(chosen) == 1, f"{name} selects {chosen}"


def test_disruption_budget_policy_and_monitor_select_what_is_there(rendered: list[Object]) -> None:
    server = named(rendered, *SERVER)["spec"]["template"]["metadata"]["labels"]
    for thing in rendered:
        if thing["kind"] == "PodDisruptionBudget":
            assert selects(thing["spec"]["selector"]["matchLabels"], server)
        if thing["kind"] == "ServiceMonitor":
            wanted = thing["spec"]["selector"]["matchLabels"]
            chosen = [
                service
                for service in rendered
                if service["kind"] == "Service" and selects(wanted, service["metadata"]["labels"])
            ]
            assert [key(service) for service in chosen] == ["Service/mnist-mnist-api"]


def test_every_object_carries_the_recommended_labels(rendered: list[Object]) -> None:
    wanted = {"name", "instance", "version", "managed-by", "part-of"}
    for thing in rendered:
        labels = thing["metadata"]["labels"]
        assert {f"app.kubernetes.io/{name}" for name in wanted} <= labels.keys(), key(thing)
        assert "helm.sh/chart" in labels, key(thing)


def test_selectors_hold_nothing_that_an_upgrade_changes(rendered: list[Object]) -> None:
    stable = {f"app.kubernetes.io/{name}" for name in ("name", "instance", "component")}
    for workload in workloads(rendered):
        assert workload["spec"]["selector"]["matchLabels"].keys() == stable


def test_an_upgrade_of_any_way_of_use_to_any_other_keeps_every_selector(helm: Helm) -> None:
    ways = [helm.template("--values", path) for path in sorted((CHART / "ci").glob("*.yaml"))]
    for before, after in pairwise([*ways, ways[0]]):
        selectors = [
            {key(thing): thing["spec"]["selector"] for thing in workloads(way)}
            for way in (before, after)
        ]
        for name in selectors[0].keys() & selectors[1].keys():
            assert selectors[0][name] == selectors[1][name]


def test_a_changed_setting_replaces_the_pods(helm: Helm) -> None:
    checksums = {
        named(helm.template(f"--set=settings.log_level={level}"), *SERVER)["spec"]["template"][
            "metadata"
        ]["annotations"]["checksum/settings"]
        for level in ("info", "debug", "info")
    }
    assert len(checksums) == 2


def test_the_number_of_pods_is_the_autoscalers_alone_while_it_is_on(helm: Helm) -> None:
    scaled = helm.template("--set=autoscaling.enabled=true")
    assert "replicas" not in named(scaled, *SERVER)["spec"]
    assert named(scaled, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 2
    assert named(helm.template(), *SERVER)["spec"]["replicas"] == 2


def test_requests_per_second_can_take_the_place_of_cpu(helm: Helm) -> None:
    chosen = "targetCPUUtilizationPercentage=null,autoscaling.targetRequestsPerSecond=500"
    objects = helm.template(f"--set=autoscaling.enabled=true,autoscaling.{chosen}")
    (metric,) = named(objects, "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "mnist_api_http_requests_per_second"
    assert metric["pods"]["target"] == {"type": "AverageValue", "averageValue": "500"}


def test_one_pod_has_no_disruption_budget_that_would_block_a_drain(helm: Helm) -> None:
    kinds = {thing["kind"] for thing in helm.template("--set=replicaCount=1")}
    assert "PodDisruptionBudget" not in kinds


@pytest.mark.parametrize(
    ("options", "places"),
    [
        ([], "256"),
        (["--set-string=ingress.annotations.nginx\\.org/max-conns=64"], "64"),
        (["--set=settings.proxy_max_conns=512"], "512"),
        (["--set=settings.proxy_max_conns=0"], "0"),
        (["--set=ingress.enabled=false"], None),
        (["--set=ingress.annotations=null"], None),
    ],
)
def test_pods_know_how_much_nginx_sends_them(
    helm: Helm, options: list[str], places: str | None
) -> None:
    settings = named(helm.template(*options), "ConfigMap")["data"]
    assert settings.get("MNIST_API_PROXY_MAX_CONNS") == places


def test_numbers_and_switches_reach_the_settings_as_they_were_written(
    helm: Helm, tmp_path: Path
) -> None:
    chosen = {
        "max_body_bytes": 10485760,
        "access_log": True,
        "log_level": "warning",
        "memcached_timeout_seconds": 0.25,
    }
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"settings": chosen}))
    data = named(helm.template("--values", values), "ConfigMap")["data"]
    assert data["MNIST_API_MAX_BODY_BYTES"] == "10485760"
    assert data["MNIST_API_ACCESS_LOG"] == "true"
    assert data["MNIST_API_MEMCACHED_TIMEOUT_SECONDS"] == "0.25"
    assert data["MNIST_API_LOG_LEVEL"] == "warning"


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ("memcached.enabled=true", "mnist-mnist-api-memcached:11211"),
        ("memcached.external=cache.test:11211", "cache.test:11211"),
        ("memcached.enabled=false", None),
    ],
)
def test_the_service_is_told_of_the_memcached_there_is(
    helm: Helm, values: str, address: str | None
) -> None:
    objects = helm.template(f"--set={values}")
    assert named(objects, "ConfigMap")["data"].get("MNIST_API_MEMCACHED") == address
    runs_one = any(thing["kind"] == "StatefulSet" for thing in objects)
    assert runs_one == (address == "mnist-mnist-api-memcached:11211")


def test_neither_metrics_nor_probes_are_public(helm: Helm) -> None:
    rule = named(helm.template(), "Ingress")["spec"]["rules"][0]
    prefixes = [path["path"] for path in rule["http"]["paths"] if path["pathType"] != "Exact"]
    for private in ("/metrics", "/healthz", "/readyz"):
        assert not [prefix for prefix in prefixes if private.startswith(prefix)]


def test_what_the_page_and_the_contract_need_is_public(helm: Helm) -> None:
    paths = {
        path["path"]
        for path in named(helm.template(), "Ingress")["spec"]["rules"][0]["http"]["paths"]
    }
    assert paths >= {"/", "/static", "/predict", "/models", "/v2", "/docs", "/openapi.json"}


def reaches(path: Object, address: str) -> bool:
    """Say whether a path of an Ingress lets an address through, element by element."""
    if path["pathType"] == "Exact":
        return bool(path["path"] == address)
    return f"{address}/".startswith(f"{path['path'].rstrip('/')}/")


def test_every_model_is_public_and_calls_that_change_one_are_not_where_requests_are_repeated(
    helm: Helm,
) -> None:
    ingress = named(helm.template(), "Ingress")
    assert "non_idempotent" in ingress["metadata"]["annotations"]["nginx.org/proxy-next-upstream"]
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    manifest = json.loads((ROOT / "weights" / "manifest.json").read_text())
    for model in manifest["models"]:
        assert any(reaches(path, f"/models/{model}") for path in paths)
        for changing in (
            f"/models/{model}/retrain",
            f"/models/{model}/activate",
            f"/models/{model}/shadow",
            "/samples",
        ):
            assert not any(reaches(path, changing) for path in paths)


def test_the_policy_closes_both_directions(helm: Helm) -> None:
    objects = helm.template("--set=networkPolicy.enabled=true")
    for suffix in ("", "-memcached"):
        spec = named(objects, "NetworkPolicy", suffix)["spec"]
        assert spec["policyTypes"] == ["Ingress", "Egress"]
        assert all(rule.get("from") for rule in spec["ingress"])
        assert all(rule.get("to") for rule in spec["egress"])


def test_every_pod_kind_falls_under_a_policy_when_they_are_on(helm: Helm) -> None:
    objects = helm.template("--set=networkPolicy.enabled=true")
    chosen = [
        thing["spec"]["podSelector"]["matchLabels"]
        for thing in objects
        if thing["kind"] == "NetworkPolicy"
    ]
    for workload in workloads(objects):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert [selector for selector in chosen if selects(selector, labels)], key(workload)
