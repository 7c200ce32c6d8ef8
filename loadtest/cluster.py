"""The service on the cluster that KUBECONFIG names, by helm and kubectl."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from loadtest.machine import ROOT

CHART = ROOT / "charts" / "mnist-api"
_SERVERS = "--selector=app.kubernetes.io/component=server"


class Pod(msgspec.Struct, frozen=True):
    """A ready pod of the service."""

    name: str
    uid: str
    ip: str


@dataclass(frozen=True)
class Release:
    """One installation of the chart."""

    namespace: str
    image: str
    url: str
    """The ingress."""
    host: str
    name: str = "mnist"

    def install(self, values: Mapping[str, str]) -> None:
        """Install or change it, and wait until it is ready."""
        repository, _, tag = self.image.rpartition(":")
        every = {
            "image.repository": repository,
            "image.tag": tag,
            "ingress.hosts[0].host": self.host,
            "memcached.enabled": "false",
            **values,
        }
        sets = [f"--set={key}={value}" for key, value in every.items()]
        helm = ["helm", "upgrade", "--install", self.name, str(CHART), "--create-namespace"]
        run(*helm, "--namespace", self.namespace, "--wait", "--timeout=180s", *sets)

    def uninstall(self) -> None:
        """Remove it with its namespace."""
        run("kubectl", "delete", "namespace", self.namespace, "--ignore-not-found", "--wait")

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl in its namespace."""
        return run("kubectl", "--namespace", self.namespace, *arguments)

    def scale(self, count: int, ask: Callable[[], object]) -> list[Pod]:
        """Bring up so many replicas; return them when each of them has answered the ingress.

        Args:
            count: how many.
            ask: sends some predictions through the ingress.

        Raises:
            TimeoutError: not within two minutes.
        """
        self.kubectl("scale", f"deployment/{self.name}-mnist-api", f"--replicas={count}")
        return self.settled(count, ask)

    def settled(self, count: int, ask: Callable[[], object]) -> list[Pod]:
        """Wait as `scale` does."""
        pods: list[Pod] = []

        def all_there() -> bool:
            pods[:] = self.pods()
            return len(pods) == count and all(pod.ip for pod in pods)

        eventually(all_there, f"{count} ready pods")
        counts = {pod.ip: predictions(pod.ip) for pod in pods}

        def all_asked() -> bool:
            ask()
            return all(predictions(ip) > before for ip, before in counts.items())

        eventually(all_asked, f"{count} pods that the ingress asks")
        return pods

    def pods(self) -> list[Pod]:
        """Return all its pods; one that is not ready, or on its way out, without address."""
        listed = json.loads(self.kubectl("get", "pods", "--output=json", _SERVERS))["items"]
        return [_pod(item) for item in listed]


def run(*command: str) -> str:
    """Run a command and return what it printed.

    Raises:
        RuntimeError: it failed, or is not there.
    """
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"{command[0]} is missing")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout


def eventually(look: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Look until it is so.

    Raises:
        TimeoutError: not in time.
    """
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.5)


def predictions(ip: str) -> float:
    """Return how many predictions a pod has counted; nothing where it does not say."""
    with suppress(urllib.error.URLError, OSError):
        with urllib.request.urlopen(f"http://{ip}:8000/metrics", timeout=10) as response:
            text: str = response.read().decode()
        return counted(text.splitlines())
    return 0.0


def counted(lines: Sequence[str]) -> float:
    """Return the predictions that a page of Prometheus' text counts."""
    found = [line for line in lines if line.startswith("mnist_api_predictions_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in found)


def _pod(item: dict[str, object]) -> Pod:
    known = msgspec.convert(item, _Item)
    ready = any(each.type == "Ready" and each.status == "True" for each in known.status.conditions)
    stays = known.metadata.deletionTimestamp is None
    ip = known.status.podIP if ready and stays else ""
    return Pod(known.metadata.name, known.metadata.uid, ip)


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Status(msgspec.Struct):
    conditions: list[_Condition] = []
    podIP: str = ""  # noqa: N815 - Kubernetes' name


class _Metadata(msgspec.Struct):
    name: str
    uid: str
    deletionTimestamp: str | None = None  # noqa: N815 - Kubernetes' name


class _Item(msgspec.Struct):
    metadata: _Metadata
    status: _Status
