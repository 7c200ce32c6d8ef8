"""What the scaling study loads: gunicorn's workers, or replicas behind the ingress."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from loadtest import cgroups
from loadtest.bodies import predict
from loadtest.cluster import Pod, Release
from loadtest.cores import server_cores
from loadtest.digits import held_out
from loadtest.drive import wrk
from loadtest.limits import limited, throttled
from loadtest.processes import cpu_seconds, matching, tree
from loadtest.service import Running, mnist_api

Parts = dict[str, Callable[[], float]]
_NAMESPACE = "mnist-load"


@dataclass(frozen=True)
class Target:
    """A number of workers or replicas, running."""

    url: str
    parts: Parts
    """CPU seconds that each part has used so far."""
    throttled: Callable[[], tuple[int, int]]
    """Periods of the CPU limit so far, and those in which a part was stopped."""
    host: str | None = None


@contextmanager
def workers(count: int, options: argparse.Namespace) -> Iterator[Target]:
    """Run the service with that many workers on one core, each limited in its own group."""
    with _service(count, server_cores(), options) as server:
        pids = tree(server.pid)[1:]
        with limited(pids, options.limit):
            parts: Parts = {"service": lambda: cpu_seconds(tree(server.pid))}
            yield Target(server.url, parts, lambda: throttled(pids))


@contextmanager
def cores(count: int, options: argparse.Namespace) -> Iterator[Target]:
    """Run the service with that many workers on as many cores."""
    with _service(count, server_cores(count), options) as server:
        parts: Parts = {"service": lambda: cpu_seconds(tree(server.pid))}
        yield Target(server.url, parts, lambda: (0, 0))


@contextmanager
def _service(count: int, on: list[int], options: argparse.Namespace) -> Iterator[Running]:
    options.out.mkdir(parents=True, exist_ok=True)
    log = options.out / "service.log"
    with mnist_api(log, cores=on, workers=count, cache_bytes=0) as server:
        deadline = time.monotonic() + 30
        while len(tree(server.pid)) <= count and time.monotonic() < deadline:
            time.sleep(0.05)
        # All workers must have loaded their models before a limit makes that slow.
        time.sleep(1 + 0.3 * count)
        yield server


@contextmanager
def replicas(count: int, options: argparse.Namespace) -> Iterator[Target]:
    """Scale a release until all its pods answer; it stays for the next number."""
    release = Release(_NAMESPACE, options.image, options.url, options.host)
    if not options.installed:
        release.uninstall()
        release.install(limited_pods(options.limit))
        options.installed = True
    yield scaled(release, count)


def scaled(release: Release, count: int) -> Target:
    """Scale a release until all its pods answer, and return them as a target."""
    return behind_ingress(release, release.scale(count, asking(release)))


def limited_pods(cores: float) -> dict[str, str]:
    """Return the chart's values for pods that compute every answer, with so much CPU each."""
    cpu = f"{round(1000 * cores)}m"
    return {
        "resources.requests.cpu": cpu,
        "resources.limits.cpu": cpu,
        "settings.cache_bytes": "0",
        # More probes than these only measure the probes: 2 a second and pod, by default.
        "readinessProbe.periodSeconds": "10",
        # A pod that is held back for nine tenths of each period still lives.
        "livenessProbe.timeoutSeconds": "10",
        "readinessProbe.timeoutSeconds": "10",
    }


def asking(release: Release) -> Callable[[], object]:
    """Return what asks a release a second long, so that every pod gets requests."""
    bodies = [predict(digit.png, model="mlp") for digit in held_out(20)]
    return lambda: wrk(f"{release.url}/predict/", bodies, 1, 16, host=release.host)


def behind_ingress(release: Release, pods: list[Pod]) -> Target:
    """Return pods as a target."""
    uids = [pod.uid for pod in pods]
    parts: Parts = {
        "service": lambda: cgroups.cpu_seconds(uids),
        "ingress": lambda: cpu_seconds(matching("nginx: ")),
    }
    return Target(release.url, parts, lambda: cgroups.throttling(uids), release.host)
