"""`mnist-api capacity`: how many pods a rate of predictions takes."""

import argparse
import json
import re
import sys
from dataclasses import asdict
from math import ceil
from pathlib import Path

from mnist_api.capacity.figures import Figures, FiguresError, load
from mnist_api.capacity.model import Demand
from mnist_api.capacity.plan import OutOfReachError, Plan, plan
from mnist_api.commands.exits import Exit

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is asked of the service."""
    add = parser.add_argument
    add("--rate", type=_positive, required=True, help="predictions a second")
    add("--p99", type=seconds, required=True, help="latency that 99 %% keep, such as 20ms")
    add("--model", default="cnn", help="which model is asked; drawing: all, of what the page sends")
    add("--hit-ratio", type=_share, default=0.0, help="share that the pods' own caches answer")
    add("--cpu", type=_positive, default=1.0, help="CPU request of a pod, in cores")
    add("--limited", action="store_true", help="the request is the CPU limit too")
    add("--growth", type=_share, default=0.25, help="by which the rate grows before new pods come")
    add("--node-use", type=_rest, default=0.5, help="share of the nodes' CPU that is in use then")
    add("--figures", type=Path, help="measured elsewhere, by `make capacity`")
    add("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the plan."""
    try:
        figures = load(args.figures)
    except FiguresError as error:
        sys.stderr.write(f"mnist-api: {error}\n")
        return Exit.NO_INPUT
    if args.model not in figures.models:
        names = ", ".join(sorted(figures.models))
        sys.stderr.write(f"mnist-api: no figures of {args.model!r}; there are {names}\n")
        return Exit.USAGE
    demand = Demand(
        args.rate,
        args.p99,
        args.model,
        args.hit_ratio,
        args.cpu,
        args.limited,
        args.growth,
        args.node_use,
    )
    try:
        made = plan(figures, demand)
    except OutOfReachError as error:
        sys.stderr.write(f"mnist-api: {error}\n")
        return Exit.DATA
    print(json.dumps(asdict(made)) if args.json else described(made, demand, figures))
    return Exit.OK


def described(made: Plan, demand: Demand, figures: Figures) -> str:
    """Return the plan as lines, with the values of the chart that it means."""
    milli = f"{ceil(1000 * demand.cpu)}m"
    limit = f"\n  limits: {{cpu: {milli}}}" if demand.limited else ""
    return f"""\
replicas           {made.replicas}
p99                {1e3 * made.p99:.3g} ms at {demand.peak:.0f}/s, {1e3 * demand.p99:g} ms asked
CPU of a pod       {made.utilisation:.0%} of its request of {milli} at {demand.rate:g}/s
saturation         {made.saturation:.0f} predictions/s
ingress            {made.ingress_cores:.2g} cores of the controller
measured on        {figures.machine["processor"]}, {figures.machine["date"]}

replicaCount: {made.replicas}
resources:
  requests: {{cpu: {milli}}}{limit}
autoscaling:
  minReplicas: {made.replicas}
  targetCPUUtilizationPercentage: {made.target}"""


def seconds(text: str) -> float:
    """Return a duration such as 20ms, 0.5s or 800us in seconds.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    found = re.fullmatch(r"([0-9]*\.?[0-9]+)(us|ms|s)", text)
    if found is None or float(found[1]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 20ms")
    return float(found[1]) * _UNITS[found[2]]


def _positive(text: str) -> float:
    value = _number(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not above 0")
    return value


def _share(text: str) -> float:
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


def _rest(text: str) -> float:
    value = _share(text)
    if value == 1:
        raise argparse.ArgumentTypeError("nobody is answered by nodes of which nothing is left")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
