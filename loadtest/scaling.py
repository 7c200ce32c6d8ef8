"""`python -m loadtest.scaling cluster|workers|cores`: throughput by number, each as strong.

By wrk with one model's digits; with `--driver locust` by users who ask all models for drawings and
check every answer, which takes the service so much longer that locust's one core keeps up.

`cluster`: replicas of the chart behind the ingress, each with a CPU limit (no autoscaler then).
`workers`: gunicorn workers of one service on one core, each limited by the kernel as a pod is.
`cores`: the same with a whole core each, on a machine of more than two.
The generators have cores of their own. What all parts used is recorded: a point at which the
generator or the ingress was busy to its limit, or the machine without rest, says nothing of the
service.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest.bodies import predict
from loadtest.digits import held_out
from loadtest.drive import Open, poisson
from loadtest.machine import RESULTS, Machine, here
from loadtest.meter import Meter
from loadtest.saturating import saturated_by_locust, saturated_by_wrk
from loadtest.service import end_orderly_on_sigterm
from loadtest.targets import Target, cores, replicas, workers
from loadtest.usl import Fit, fit

CONNECTIONS_EACH = 8
KINDS = {"workers": workers, "cluster": replicas, "cores": cores}


class Point(msgspec.Struct):
    """One measuring of one number. CPU in cores, while the loop was closed and while open."""

    count: int
    rate: float
    errors: int
    cpu: dict[str, float]
    throttled: float | None
    open: Open
    open_share: float
    open_cpu: dict[str, float] = {}
    raw: str = ""


class Study(msgspec.Struct):
    """One run."""

    machine: Machine
    kind: str
    model: str
    limit_cores: float
    seconds: float
    points: list[Point]
    fit: Fit | None = None
    driver: str = "wrk"

    def rates(self) -> dict[int, list[float]]:
        """Return the measured rates by number."""
        found: dict[int, list[float]] = {}
        for point in self.points:
            found.setdefault(point.count, []).append(point.rate)
        return found


def measure(count: int, target: Target, options: argparse.Namespace) -> Point:
    """Saturate, then keep a part of the saturated rate."""
    bodies = sent(options)
    connections = CONNECTIONS_EACH * count
    if options.driver == "locust":
        found = saturated_by_locust(target, connections, options.seconds)
    else:
        found = saturated_by_wrk(target, bodies, connections, options.seconds)
    time.sleep(0.5)
    meter, rate = Meter(target), options.load * found.closed.rate
    kept, _ = poisson(f"{target.url}/predict/", bodies, rate, options.seconds, host=target.host)
    return Point(
        count,
        found.closed.rate,
        found.closed.errors,
        found.cpu,
        found.throttled,
        kept,
        options.load,
        meter.cores(options.seconds),
        found.closed.raw,
    )


def sent(options: argparse.Namespace) -> list[bytes]:
    """Return the bodies that are sent."""
    if options.driver == "locust":
        return [predict(digit.drawn) for digit in held_out(200)]
    return [predict(digit.png, model=options.model) for digit in held_out(200)]


def main() -> None:
    """Measure all numbers, over and over, and write one file."""
    options = _options()
    end_orderly_on_sigterm()
    limit = 1.0 if options.kind == "cores" else options.limit
    asked = "drawing" if options.driver == "locust" else options.model
    study = Study(here(), options.kind, asked, limit, options.seconds, [], driver=options.driver)
    for _ in range(options.repeats):
        for count in map(int, options.counts.split(",")):
            with KINDS[options.kind](count, options) as target:
                study.points.append(measure(count, target, options))
            point = study.points[-1]
            sys.stderr.write(
                f"{count}: {point.rate:.0f}/s, {point.errors + point.open.errors} errors; "
                f"{point.cpu}; open: p99 {point.open.p99_ms:.1f} ms; {point.open_cpu}\n"
            )
    if len(study.rates()) >= 3:
        study.fit = fit(study.rates())
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"{options.kind}-{asked}-{time.strftime('%H%M%S')}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(study)))
    sys.stderr.write(f"{file}\n{study.fit}\n")


def _options(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.scaling")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--counts", default="1,2,3,4,6,8")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--limit", type=float, default=0.1, help="cores of each, but for `cores`")
    parser.add_argument("--load", type=float, default=0.6, help="open loop: share of saturation")
    parser.add_argument("--model", default="cnn", help="by wrk: the model that is asked")
    parser.add_argument("--driver", choices=("wrk", "locust"), default="wrk")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="cluster: the ingress")
    parser.add_argument("--host", default="mnist.test", help="cluster: its name there")
    parser.add_argument("--image", default="mnist-api:0.1.0", help="cluster: on its nodes")
    parser.add_argument("--out", type=Path, default=RESULTS / "scaling")
    parser.set_defaults(installed=False)
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
