"""Loads one pod for the capacity model: what a request costs, how long it takes at which load."""

import time

import numpy as np

from loadtest.bodies import predict
from loadtest.capacity.results import Calibration, Saturated, Steady
from loadtest.cluster import Release
from loadtest.digits import held_out
from loadtest.drive import poisson
from loadtest.meter import Meter
from loadtest.saturating import saturated_by_wrk
from loadtest.targets import Target, asking, behind_ingress, limited_pods

# Each model asked for digits of 28x28, and all of them for what the page sends.
KINDS = ("cnn", "mlp", "svm", "drawing")
# Shares of what wrk gets: at the lowest a pod sleeps for long, at the highest for as short as under
# load: a request that wakes its pod costs several times what wrk's does, so that at .4 of wrk's
# rate the quota is used up. In between hardly anybody waits, and what is on the way is awake.
LOW, QUIET, HIGH = SHARES = 0.05, 0.2, 0.35
# Runs in a turn of the kind that the model is tried with; of the others there is one.
_OFTEN = 3
CONNECTIONS = 8
QUANTILES = 201
# Seconds, of a pod's quota: the kubelet's own.
PERIOD = 0.1


def bodies(kind: str) -> list[bytes]:
    """Return what is sent."""
    digits = held_out(200)
    if kind == "drawing":
        return [predict(digit.drawn) for digit in digits]
    return [predict(digit.png, model=kind) for digit in digits]


def lone_pod(release: Release, cores: float, **values: str) -> Target:
    """Install one pod."""
    release.install({**limited_pods(cores), "replicaCount": "1", **values})
    return behind_ingress(release, release.settled(1, asking(release)))


def idle_cores(target: Target, seconds: float) -> float:
    """Return what pods use that nobody asks."""
    meter = Meter(target)
    time.sleep(seconds)
    return meter.cores()["service"]


def saturate_all(target: Target, seconds: float, *, cached: bool) -> list[Saturated]:
    """Ask without pause, for each kind in turn."""
    found = []
    for kind in KINDS:
        closed, cpu, throttled = saturated_by_wrk(target, bodies(kind), CONNECTIONS, seconds)
        found.append(Saturated(kind, cached, closed.rate, closed.errors, cpu, throttled))
    return found


def calibrate(target: Target, found: Calibration, seconds: float, seed: int, tried: str) -> None:
    """Measure one pod once more: asked without pause, and at random times at shares of that.

    Args:
        target: the pod.
        found: what the measurements are added to.
        seconds: that it is asked for without pause; twice as many at random times.
        seed: of the random times.
        tried: the kind whose figures are tried, which is measured more often.
    """
    saturated = saturate_all(target, seconds, cached=False)
    found.saturated += saturated
    found.steady += [
        steady(target, one.model, one.rate, share, 2 * seconds, seed + again)
        for one in saturated
        for again in range(_OFTEN if one.model == tried else 1)
        for share in SHARES
    ]


def steady(
    target: Target, model: str, most: float, share: float, seconds: float, seed: int
) -> Steady:
    """Ask at random times, at a share of the rate of saturation."""
    meter = Meter(target)
    url, sent, rate = f"{target.url}/predict/", bodies(model), share * most
    found, latencies = poisson(url, sent, rate, seconds, host=target.host, seed=seed)
    quantiles = np.quantile(latencies, np.linspace(0, 1, QUANTILES)).round(3).tolist()
    cpu = meter.cores(seconds)
    return Steady(model, share, seconds, found, cpu, meter.throttled(), quantiles)
