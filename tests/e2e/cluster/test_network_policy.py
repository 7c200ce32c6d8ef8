"""With the policy on, those who must get through do, and nobody else."""

import json
from collections.abc import Iterator

import pytest

from tests.e2e.cluster.kubernetes import HTTP, IMAGE, INGRESS_NAMESPACE, Namespace, helm
from tests.e2e.cluster.test_installation import predicts
from tests.support.waiting import eventually

DIAL = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
    print("through")
except OSError as error:
    print("stopped:", error)
"""
SERVER, CACHE = "mnist-mnist-api", "mnist-mnist-api-memcached"


def visitor() -> str:
    """Return a pod that waits to be told whom to call."""
    container = {
        "name": "server",
        "image": IMAGE,
        "command": ["sleep", "600"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "visitor"}, "spec": spec}
    return json.dumps(pod)


@pytest.fixture(scope="module")
def closed(namespace: Namespace) -> Iterator[dict[str, Namespace]]:
    """The chart with its policy on, and visitors in its own and in two other namespaces."""
    spaces = {
        "own": namespace,
        "monitoring": Namespace("e2e-monitoring"),
        "stranger": Namespace("e2e-stranger"),
    }
    for who, space in spaces.items():
        if who != "own":
            space.delete()
            space.create()
        space.kubectl("apply", "--filename=-", stdin=visitor())
    namespace.install(
        "--set=networkPolicy.enabled=true",
        f"--set=networkPolicy.ingressNamespaces={{{INGRESS_NAMESPACE}}}",
        f"--set=networkPolicy.prometheusNamespaces={{{spaces['monitoring'].name}}}",
    )
    for space in spaces.values():
        space.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "pod/visitor")
    yield spaces
    namespace.uninstall()
    for who, space in spaces.items():
        if who != "own":
            space.delete()


def call(space: Namespace, pod: str, host: str, port: int) -> str:
    """Say whether a connection from a pod gets through."""
    dial = ["exec", pod, "--", "python", "-c", DIAL, host, str(port)]
    return space.kubectl(*dial).strip()


def test_the_ingress_and_helm_test_get_through(closed: dict[str, Namespace]) -> None:
    eventually(lambda: predicts(HTTP), "the call through the ingress")
    helm("test", "mnist", "--namespace", closed["own"].name)


def test_prometheus_gets_through_and_strangers_do_not(closed: dict[str, Namespace]) -> None:
    service = f"{SERVER}.{closed['own'].name}.svc"
    assert call(closed["monitoring"], "visitor", service, 80) == "through"
    for stranger in ("stranger", "own"):
        assert call(closed[stranger], "visitor", service, 80).startswith("stopped: timed out")


def test_nobody_but_the_service_reaches_the_cache(closed: dict[str, Namespace]) -> None:
    cache = f"{CACHE}.{closed['own'].name}.svc"
    assert call(closed["own"], f"deployment/{SERVER}", cache, 11211) == "through"
    for space in closed.values():
        assert call(space, "visitor", cache, 11211).startswith("stopped: timed out")


def test_the_service_calls_nobody_else(closed: dict[str, Namespace]) -> None:
    """Of pods: what runs on a node itself, as an API server may, policies need not keep away."""
    for who in ("own", "stranger"):
        answer = call(closed["own"], f"deployment/{SERVER}", visitor_address(closed[who]), 8000)
        assert answer.startswith("stopped: timed out"), who


def visitor_address(space: Namespace) -> str:
    (pod,) = (pod for pod in space.get("pods") if pod["metadata"]["name"] == "visitor")
    return str(pod["status"]["podIP"])
