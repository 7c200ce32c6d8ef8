"""The retraining loop: nothing of it unless it is wanted, and then no more than it needs."""

from typing import Any

import pytest

from tests.chart.helm import CHART, Helm, Object, named, pod_specs

KINDS = {"Role", "RoleBinding", "CronJob"}
VALUES = CHART / "ci" / "retraining-values.yaml"
NAME = "-retrain"


@pytest.fixture(scope="module")
def objects(helm: Helm) -> list[Object]:
    return helm.template("--values", VALUES)


def test_without_it_there_is_no_role_no_job_and_no_token(helm: Helm) -> None:
    for objects in (helm.template(), helm.template("--set=networkPolicy.enabled=true")):
        assert not KINDS & {thing["kind"] for thing in objects}
        assert not [name for name in named(objects, "ConfigMap")["data"] if "TOKEN" in name]
        server = named(objects, "Deployment")["spec"]["template"]["spec"]
        assert server["serviceAccountName"] == "mnist-mnist-api"
        assert [volume["name"] for volume in server["volumes"]] == ["tmp"]


def test_the_role_allows_to_make_jobs_of_one_template_and_nothing_else(
    objects: list[Object],
) -> None:
    assert named(objects, "Role", NAME)["rules"] == [
        {
            "apiGroups": ["batch"],
            "resources": ["cronjobs"],
            "resourceNames": ["mnist-mnist-api-retrain"],
            "verbs": ["get"],
        },
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "get", "delete"]},
    ]
    binding = named(objects, "RoleBinding", NAME)
    assert binding["roleRef"]["name"] == "mnist-mnist-api-retrain"
    assert [(subject["kind"], subject["name"]) for subject in binding["subjects"]] == [
        ("ServiceAccount", "mnist-mnist-api-retrain")
    ]
    assert not [thing for thing in objects if thing["kind"].startswith("Cluster")]


def test_the_server_alone_holds_the_account_that_may_make_jobs(objects: list[Object]) -> None:
    holders = [
        pod
        for pod, spec in pod_specs(objects).items()
        if spec["serviceAccountName"] == "mnist-mnist-api-retrain"
    ]
    assert holders == ["Deployment/mnist-mnist-api"]
    tokens = [pod for pod, spec in pod_specs(objects).items() if "account" in volumes(spec)]
    assert tokens == holders


def volumes(spec: Object) -> dict[str, Any]:
    return {volume["name"]: volume for volume in spec.get("volumes", [])}


def test_tokens_come_as_a_file_and_never_by_the_config_map(objects: list[Object]) -> None:
    data = named(objects, "ConfigMap")["data"]
    assert data["MNIST_API_TOKEN_FILE"] == "/run/secrets/mnist-api/tokens"
    assert "MNIST_API_TOKEN" not in data
    server = named(objects, "Deployment")["spec"]["template"]["spec"]
    assert volumes(server)["tokens"]["secret"]["secretName"] == "mnist-tokens"
    trainer = named(objects, "CronJob", NAME)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert "tokens" not in volumes(trainer)


def test_the_template_is_what_the_service_is_told_to_copy(objects: list[Object]) -> None:
    template = named(objects, "CronJob", NAME)
    data = named(objects, "ConfigMap")["data"]
    assert data["MNIST_API_JOB_TEMPLATE"] == template["metadata"]["name"]
    assert template["spec"]["suspend"] is True
    job = template["spec"]["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")
    (container,) = job["template"]["spec"]["containers"]
    assert container["image"] == "mnist-api:0.1.0-train"
    assert f"--store={data['MNIST_API_STORE']}" in container["command"]
    assert {variable["name"] for variable in container["env"]} > {"JOB_NAME", "AWS_REGION"}


def test_with_a_schedule_it_runs_of_its_own_accord(helm: Helm) -> None:
    chosen = "--set=retraining.schedule=0 4 * * *,retraining.scheduledModel=mlp"
    spec = named(helm.template("--values", VALUES, chosen), "CronJob", NAME)["spec"]
    assert (spec["schedule"], spec["suspend"]) == ("0 4 * * *", False)
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["--ask", "mlp"]


def test_a_training_may_reach_names_and_the_store_and_nobody_it(objects: list[Object]) -> None:
    policy = named(objects, "NetworkPolicy", NAME)["spec"]
    assert policy["ingress"] == []
    ports = [[port["port"] for port in rule["ports"]] for rule in policy["egress"]]
    assert ports == [[53, 53], [443]]
    server = named(objects, "NetworkPolicy")["spec"]["egress"]
    ports = [[port["port"] for port in rule["ports"]] for rule in server]
    assert ports == [[53, 53], ["memcached"], [443, 6443], [443]]


@pytest.mark.parametrize(
    ("mistake", "named_by"),
    [
        ("tokenSecret=", "retraining.tokenSecret must name"),
        ("store=", "retraining.store must say"),
        ("store=ftp://digits", "store"),
        ("schedule=often", "schedule"),
        ("image.tag=latest", "tag"),
    ],
)
def test_what_is_missing_or_wrong_is_named(helm: Helm, mistake: str, named_by: str) -> None:
    wrong = f"--set=retraining.{mistake}"
    refused = helm.run("template", "mnist", CHART, "--values", VALUES, wrong)
    assert refused.returncode != 0
    assert named_by in refused.stderr


def test_a_policy_that_would_cut_off_the_api_server_is_refused(helm: Helm) -> None:
    wrong = "--set=networkPolicy.apiServerCidrs=null"
    refused = helm.run("template", "mnist", CHART, "--values", VALUES, wrong)
    assert "networkPolicy.apiServerCidrs must say" in refused.stderr
