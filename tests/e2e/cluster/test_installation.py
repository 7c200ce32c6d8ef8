"""Install, ask, upgrade, roll back, uninstall: on a real cluster, in a `restricted` namespace."""

import json
import re
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.chart.helm import CHART, CI_VALUES
from tests.e2e.cluster.kubernetes import HOST, HTTP, HTTPS, Namespace, helm
from tests.support.waiting import eventually

# The body of the 2018 README: a raw line feed inside the JSON string, which strict parsers refuse.
BODY_OF_2018 = (CHART / "files" / "three.json").read_bytes().strip().replace(b'"}', b'\n"}')
KINDS = (
    "deployments,statefulsets,pods,services,configmaps,secrets,ingresses,serviceaccounts,"
    "networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,endpointslices,"
    "replicasets,controllerrevisions,roles,rolebindings,cronjobs,jobs"
)


def ask(url: str, path: str, body: bytes | None = None, host: str = HOST) -> tuple[int, bytes]:
    """Send a request through the ingress; return status and body."""
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    headers = {"Host": host, "Content-Type": "application/json"}
    request = urllib.request.Request(url + path, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10, context=unverified) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def predicts(url: str) -> bool:
    return ask(url, "/predict/", BODY_OF_2018) == (200, b'{"prediction":3}')


def test_the_defaults_are_ready_within_20_s_and_answer_the_call_of_2018(
    namespace: Namespace,
) -> None:
    seconds = namespace.install()
    print(f"ready after {seconds:.1f} s")
    assert seconds <= 20
    eventually(lambda: predicts(HTTP), "the 2018 call through the ingress")
    assert json.loads(ask(HTTP, "/models/")[1])["models"]
    assert ask(HTTP, "/metrics")[0] == 404
    helm("test", "mnist", "--namespace", namespace.name)


def test_what_nobody_asks_for_is_not_there(namespace: Namespace) -> None:
    """The defaults of the test before: no restarts, role, token, nothing that may be written."""
    assert not namespace.get("roles,rolebindings,cronjobs,jobs")
    assert ask(HTTP, "/models/svm/retrain", b"{}")[0] == 404
    (pod, *_) = namespace.pods()
    name = pod["metadata"]["name"]
    assert all(state["restartCount"] == 0 for state in pod["status"]["containerStatuses"])
    look = (
        "import os, pathlib\n"
        "print(os.getuid(), pathlib.Path('/var/run/secrets').exists(), os.access('/app', os.W_OK),"
        " os.access('/tmp', os.W_OK), [key for key in os.environ if 'MNIST_API_PORT' in key])"
    )
    seen = namespace.kubectl("exec", name, "--container=server", "--", "python", "-c", look)
    assert seen.strip() == "10001 False False True []"


def test_the_cache_is_reached(namespace: Namespace) -> None:
    """From the defaults of the first test."""
    for _ in range(10):
        assert predicts(HTTP)
    read = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
    figures = [
        namespace.kubectl("exec", str(pod["metadata"]["name"]), "--", "python", "-c", read)
        for pod in namespace.pods()
    ]
    sample = r'cache_requests_total{level="memcached",result="(\w+)"} (\S+)'
    found = re.findall(sample, "".join(figures))
    assert sum(float(count) for _, count in found) > 0
    assert sum(float(count) for result, count in found if result == "error") == 0


def test_an_upgrade_that_cannot_start_costs_nothing_and_rolls_back(namespace: Namespace) -> None:
    """From the defaults of the first test."""
    wrong = ["--set=extraEnv[0].name=MNIST_API_WORKERS", "--set-string=extraEnv[0].value=0"]
    command = ["upgrade", "mnist", str(CHART), "--namespace", namespace.name]
    helm(*command, *wrong)
    eventually(
        lambda: "CrashLoopBackOff" in json.dumps(namespace.get("pods")), "the wrong pod's end"
    )
    assert len(namespace.ready_pods()) == 2
    assert predicts(HTTP)
    helm("rollback", "mnist", "--namespace", namespace.name, "--wait", "--timeout", "60s")
    namespace.settled(2)
    assert predicts(HTTP)


def test_a_changed_setting_arrives_by_an_upgrade(namespace: Namespace) -> None:
    namespace.install("--set=settings.max_pixels=1000")
    body = (CHART / "files" / "three.json").read_bytes()
    assert ask(HTTP, "/predict/", body)[0] == 200
    variables = namespace.kubectl("exec", "deployment/mnist-mnist-api", "--", "printenv")
    assert "MNIST_API_MAX_PIXELS=1000" in variables


def test_uninstalling_leaves_nothing(namespace: Namespace) -> None:
    namespace.uninstall()
    selector = "--selector=app.kubernetes.io/instance=mnist"
    eventually(lambda: not namespace.get(KINDS, selector), "everything gone")


@pytest.mark.usefixtures("custom_resources")
@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.stem)
def test_the_api_server_takes_every_way_of_use(namespace: Namespace, values: Path) -> None:
    rendered = helm(
        "template",
        "mnist",
        CHART,
        "--skip-tests",
        "--namespace",
        namespace.name,
        "--values",
        values,
    )
    namespace.kubectl("apply", "--dry-run=server", "--filename=-", stdin=rendered)


@pytest.mark.usefixtures("custom_resources", "certificate", "retraining_secrets")
@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.stem)
def test_every_way_of_use_installs_predicts_and_goes(namespace: Namespace, values: Path) -> None:
    namespace.install("--values", values)
    helm("test", "mnist", "--namespace", namespace.name)
    if values.stem == "production-values":
        eventually(lambda: predicts(HTTPS), "the 2018 call over https")
        monitored = namespace.kubectl("get", "servicemonitors,prometheusrules", "--output=name")
        assert len(monitored.split()) == 2
    namespace.uninstall()
    namespace.kubectl("delete", "secret", "mnist-tls", "mnist-tokens", "mnist-bucket")


def test_a_pod_starts_within_256_mib_and_a_tenth_of_a_core(namespace: Namespace) -> None:
    small = ["resources.limits.memory=256Mi", "resources.limits.cpu=100m", "replicaCount=1"]
    seconds = namespace.install(*(f"--set={value}" for value in small))
    print(f"ready after {seconds:.1f} s with a limit of 100m CPU")
    (pod,) = namespace.ready_pods()
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
