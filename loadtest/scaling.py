"""`python -m loadtest.scaling workers|cluster`: throughput by number, each with the same limit.

`workers`: gunicorn workers of one service on one core, each limited by the kernel as a pod is.
`cluster`: replicas of a Deployment behind the ingress, limited by the chart (no autoscaler then).
The generators have the other core. What all parts used is recorded: a point at which the generator
or the ingress was busy to its limit says nothing of the service.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from loadtest.bodies import predict
from loadtest.digits import held_out
from loadtest.drive import Open, vegeta, wrk
from loadtest.limits import limited, throttled
from loadtest.machine import RESULTS, Machine, here
from loadtest.processes import cpu_seconds, machine_cpu_seconds, matching, tree
from loadtest.service import end_orderly_on_sigterm, mnist_api
from loadtest.usl import Fit, fit

CONNECTIONS_EACH = 8
Parts = dict[str, Callable[[], list[int]]]


class Point(msgspec.Struct):
    """One measuring of one number. CPU in cores, while the loop was closed."""

    count: int
    rate: float
    errors: int
    cpu: dict[str, float]
    throttled: float | None
    open: Open
    open_share: float


class Study(msgspec.Struct):
    """One run."""

    machine: Machine
    kind: str
    model: str
    limit_cores: float
    seconds: float
    points: list[Point]
    fit: Fit | None = None

    def rates(self) -> dict[int, list[float]]:
        """Return the measured rates by number."""
        found: dict[int, list[float]] = {}
        for point in self.points:
            found.setdefault(point.count, []).append(point.rate)
        return found


class Target(msgspec.Struct):
    """A number of workers or replicas, running."""

    url: str
    parts: Parts
    host: str | None = None
    throttled: Callable[[], float] | None = None


@contextmanager
def workers(count: int, options: argparse.Namespace) -> Iterator[Target]:
    """Run the service with that many workers, each in its own group."""
    options.out.mkdir(parents=True, exist_ok=True)
    with mnist_api(options.out / "service.log", core=0, workers=count, cache_bytes=0) as server:
        deadline = time.monotonic() + 30
        while len(tree(server.pid)) <= count and time.monotonic() < deadline:
            time.sleep(0.05)
        # All workers must have loaded their models before their limit makes that slow.
        time.sleep(1 + 0.3 * count)
        pids = tree(server.pid)[1:]
        with limited(pids, options.limit):
            parts: Parts = {"service": lambda: tree(server.pid)}
            yield Target(server.url, parts, throttled=lambda: throttled(pids))


@contextmanager
def replicas(count: int, options: argparse.Namespace) -> Iterator[Target]:
    """Scale a Deployment and wait until all its pods are ready."""
    deployment = f"deployment/{options.deployment}"
    kubectl = ["kubectl", "--namespace", options.namespace]
    subprocess.run([*kubectl, "scale", deployment, f"--replicas={count}"], check=True)
    subprocess.run([*kubectl, "rollout", "status", deployment, "--timeout=180s"], check=True)
    time.sleep(3)  # the ingress reloads when pods come
    parts: Parts = {
        "service": lambda: matching("mnist-api"),
        "ingress": lambda: matching("nginx: "),
    }
    yield Target(options.url, parts, host=options.host)


def measure(count: int, target: Target, options: argparse.Namespace) -> Point:
    """Saturate, then keep a part of the saturated rate."""
    bodies = [predict(digit.png, model=options.model) for digit in held_out(200)]
    url = f"{target.url}/predict/"
    connections = CONNECTIONS_EACH * count
    wrk(url, bodies, 1, connections, host=target.host)
    before, start = _used(target.parts), time.monotonic()
    closed = wrk(url, bodies, options.seconds, connections, host=target.host)
    took = time.monotonic() - start
    cpu = {name: (now - before[name]) / took for name, now in _used(target.parts).items()}
    share = target.throttled() if target.throttled else None
    time.sleep(0.5)
    kept = vegeta(url, bodies, options.load * closed.rate, options.seconds, host=target.host)
    return Point(count, closed.rate, closed.errors, cpu, share, kept, options.load)


def main() -> None:
    """Measure all numbers, over and over, and write one file."""
    options = _options()
    end_orderly_on_sigterm()
    kinds = {"workers": workers, "cluster": replicas}
    study = Study(here(), options.kind, options.model, options.limit, options.seconds, [])
    for _ in range(options.repeats):
        for count in map(int, options.counts.split(",")):
            with kinds[options.kind](count, options) as target:
                study.points.append(measure(count, target, options))
            sys.stderr.write(f"{study.points[-1]}\n")
    if len(study.rates()) >= 3:
        study.fit = fit(study.rates())
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"{options.kind}-{options.model}-{time.strftime('%H%M%S')}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(study)))
    sys.stderr.write(f"{file}\n{study.fit}\n")


def _used(parts: Parts) -> dict[str, float]:
    """Return the CPU seconds of each part, of the generators and of the whole machine so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    machine, stolen = machine_cpu_seconds()
    return {
        **{name: cpu_seconds(pids()) for name, pids in parts.items()},
        "generator": usage.ru_utime + usage.ru_stime,
        "machine": machine,
        "stolen": stolen,
    }


def _options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.scaling")
    parser.add_argument("kind", choices=("workers", "cluster"))
    parser.add_argument("--counts", default="1,2,3,4,6,8")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--limit", type=float, default=0.1, help="cores of each")
    parser.add_argument("--load", type=float, default=0.6, help="open loop: share of saturation")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="cluster: the ingress")
    parser.add_argument("--host", default="mnist.test", help="cluster: its name there")
    parser.add_argument("--deployment", default="mnist-mnist-api")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--out", type=Path, default=RESULTS / "scaling")
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
