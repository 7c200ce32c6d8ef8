"""Loads pods for the capacity model: what a request costs, and how long it takes at which load."""

import time

import numpy as np

from loadtest.bodies import predict
from loadtest.capacity.results import Calibration, Saturated, Steady
from loadtest.cluster import Release
from loadtest.digits import held_out
from loadtest.drive import poisson, wrk
from loadtest.machine import here
from loadtest.meter import Meter
from loadtest.targets import Target, asking, behind_ingress, limited_pods

MODELS = ("cnn", "mlp", "svm")
# Shares of what wrk gets; at the higher one a pod is never idle.
LOW, HIGH = 0.05, 0.8
CONNECTIONS = 8
QUANTILES = 201


def bodies(model: str) -> list[bytes]:
    """Return what is sent."""
    return [predict(digit.png, model=model) for digit in held_out(200)]


def saturate(target: Target, model: str, seconds: float, *, cached: bool) -> Saturated:
    """Ask without pause."""
    url = f"{target.url}/predict/"
    wrk(url, bodies(model), 1, CONNECTIONS, host=target.host)
    meter = Meter(target)
    closed = wrk(url, bodies(model), seconds, CONNECTIONS, host=target.host)
    return Saturated(model, cached, closed.rate, closed.errors, meter.cores(), meter.throttled())


def steady(target: Target, model: str, rate: float, share: float, seconds: float) -> Steady:
    """Ask at random times."""
    meter = Meter(target)
    url, sent = f"{target.url}/predict/", bodies(model)
    found, latencies = poisson(url, sent, rate, seconds, host=target.host)
    quantiles = np.quantile(latencies, np.linspace(0, 1, QUANTILES)).tolist()
    return Steady(model, share, found, meter.cores(), meter.throttled(), quantiles)


def idle_cores(target: Target, seconds: float) -> float:
    """Return what pods use that nobody asks."""
    meter = Meter(target)
    time.sleep(seconds)
    return meter.cores()["service"]


def calibrate(release: Release, cores: float, seconds: float, repeats: int) -> Calibration:
    """Measure one pod, without cache and with it."""
    release.install({**limited_pods(cores), "replicaCount": "1"})
    target = behind_ingress(release, release.settled(1, asking(release)))
    found = Calibration(here(), cores, idle_cores(target, seconds), [], [])
    for _ in range(repeats):
        for model in MODELS:
            found.saturated.append(saturate(target, model, seconds, cached=False))
    for model in MODELS:
        rates = [one.rate for one in found.saturated if one.model == model]
        for share in (LOW, HIGH):
            rate = share * float(np.median(rates))
            found.steady.append(steady(target, model, rate, share, 4 * seconds))
    release.install({**limited_pods(cores), "replicaCount": "1", "settings.cache_bytes": "4194304"})
    target = behind_ingress(release, release.settled(1, asking(release)))
    for _ in range(repeats):
        for model in MODELS:
            found.saturated.append(saturate(target, model, seconds, cached=True))
    return found
