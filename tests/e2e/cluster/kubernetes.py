"""A real cluster, by kubectl and helm: the one that KUBECONFIG names."""

import json
import os
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.chart.helm import CHART, Object, helm_command
from tests.support.waiting import eventually

HTTP = os.environ.get("E2E_HTTP", "http://127.0.0.1:8080")
HTTPS = os.environ.get("E2E_HTTPS", "https://127.0.0.1:8443")
INGRESS_NAMESPACE = os.environ.get("E2E_INGRESS_NAMESPACE", "ingress")
HOST = "mnist.test"
APP_VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
IMAGE = f"mnist-api:{APP_VERSION}"
NEXT_IMAGE = f"{IMAGE}-next"
BUCKET_USER_IMAGE, TRAIN_IMAGE = f"{IMAGE}-s3", f"{IMAGE}-train"
BUCKET_IMAGE = "mnist-api-bucket:1"


def run(*command: str | Path, timeout: float = 120, stdin: str | None = None) -> str:
    """Run a command and return what it printed; show what it said if it failed."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=timeout, input=stdin
    )
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def kubectl(*args: str | Path, stdin: str | None = None, timeout: float = 120) -> str:
    """Run kubectl."""
    return run("kubectl", *args, stdin=stdin, timeout=timeout)


def helm(*args: str | Path, timeout: float = 180) -> str:
    """Run helm."""
    return run(helm_command(), *args, timeout=timeout)


def load_images(*images: str) -> None:
    """Hand images to the cluster's nodes: by `E2E_LOAD image...`, where it is set."""
    if not (command := os.environ.get("E2E_LOAD")):
        return
    for remaining in (2, 1, 0):
        try:
            run(*shlex.split(command), *images, timeout=300)
        except AssertionError:
            # Seen once in twenty: containerd collects a layer that the import just found there.
            if not remaining:
                raise
        else:
            return


def build(tag: str, dockerfile: Path, context: Path, target: str, *arguments: str) -> None:
    """Build one target of a Dockerfile, with build arguments as `NAME=value`."""
    options = ["--quiet", "--tag", tag, "--target", target]
    options += [f"--build-arg={argument}" for argument in arguments]
    run("docker", "build", *options, "--file", dockerfile, context, timeout=600)


@dataclass
class Namespace:
    """A namespace that enforces the Pod Security Standard `restricted`."""

    name: str

    def create(self) -> None:
        kubectl("create", "namespace", self.name)
        kubectl("label", "namespace", self.name, "pod-security.kubernetes.io/enforce=restricted")

    def delete(self) -> None:
        kubectl("delete", "namespace", self.name, "--ignore-not-found", "--wait", timeout=180)

    def kubectl(self, *args: str | Path, stdin: str | None = None) -> str:
        return kubectl("--namespace", self.name, *args, stdin=stdin)

    def install(self, *args: str | Path, release: str = "mnist") -> float:
        """Install or upgrade the chart and wait until it is ready; return the seconds it took."""
        start = time.monotonic()
        command = ["upgrade", "--install", release, CHART, "--namespace", self.name]
        helm(*command, "--wait", "--timeout", "120s", *args)
        return time.monotonic() - start

    def uninstall(self, release: str = "mnist") -> None:
        helm("uninstall", release, "--namespace", self.name, "--wait", "--timeout", "60s")

    def get(self, kind: str, *args: str) -> list[Object]:
        found = json.loads(self.kubectl("get", kind, "--output=json", *args))
        return list(found["items"])

    def pods(self, component: str = "server") -> list[Object]:
        """Return the pods of a part that are not on their way out."""
        label = f"--selector=app.kubernetes.io/component={component}"
        return [
            pod for pod in self.get("pods", label) if "deletionTimestamp" not in pod["metadata"]
        ]

    def ready_pods(self, component: str = "server") -> list[Object]:
        return [pod for pod in self.pods(component) if ready_since(pod)]

    def rollout_status(self, workload: str = "deployment/mnist-mnist-api") -> None:
        self.kubectl("rollout", "status", workload, "--timeout=90s")

    def settled(self, count: int) -> None:
        """Wait until exactly so many server pods are there, all ready, and the old ones gone.

        One look a second: a kubectl takes 0.12 s of CPU. Two of them every half second, as it was,
        took half a core of two from the very load that the tests measure.
        """
        label = "--selector=app.kubernetes.io/component=server"

        def look() -> bool:
            pods = self.get("pods", label)
            ready = [pod for pod in pods if ready_since(pod)]
            leaving = [pod for pod in pods if "deletionTimestamp" in pod["metadata"]]
            return len(ready) == len(pods) == count and not leaving

        eventually(look, f"{count} ready pods", seconds=90, pause=1)


def ready_since(pod: Object) -> str:
    """Return when a pod became ready, or nothing."""
    conditions: list[dict[str, Any]] = pod["status"].get("conditions", [])
    for condition in conditions:
        if condition["type"] == "Ready" and condition["status"] == "True":
            return str(condition["lastTransitionTime"])
    return ""


def name_of(thing: Object) -> str:
    return str(thing["metadata"]["name"])
