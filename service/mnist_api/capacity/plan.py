"""From a rate and a latency to replicas, CPU requests and the autoscaler's target."""

from dataclasses import dataclass
from math import ceil

from mnist_api.capacity.figures import Figures
from mnist_api.capacity.model import Demand, Model

# Requests a second of a pod, of which none meets another. Where they are late all the same, a quota
# is smaller than what one of them takes.
_RARE = 0.01


@dataclass(frozen=True)
class Plan:
    """What keeps the demand."""

    replicas: int
    p99: float
    """Seconds, expected when the rate has grown."""
    utilisation: float
    """Mean CPU use of a pod as share of its request, before the rate grows."""
    target: int
    """The autoscaler's, in percent of the request."""
    saturation: float
    """Predictions a second at which so many replicas are busy without pause."""
    ingress_cores: float


class OutOfReachError(Exception):
    """No number of replicas answers so quickly, or at all."""


def plan(figures: Figures, demand: Demand) -> Plan:
    """Return the fewest replicas that keep a demand.

    Raises:
        OutOfReachError: an unloaded service is slower already, or pods have too little CPU.
    """
    model = Model(figures, demand)
    pods = _fewest(model, demand)
    used = model.utilisation(demand.rate, pods)
    # Never below what the plan itself runs at.
    most = model.utilisation(max(demand.peak, model.most(demand.p99, pods)), pods)
    return Plan(
        pods,
        model.p99(demand.peak, pods),
        used,
        # A target below what the plan itself uses would bring more pods than planned.
        max(ceil(100 * used), int(100 * most / (1 + demand.growth))),
        model.saturation(pods),
        demand.peak * figures.ingress_us / 1e6,
    )


def _fewest(model: Model, demand: Demand) -> int:
    if model.cores() <= 0:
        raise OutOfReachError(f"a pod of {demand.cpu:g} cores uses them up before it is asked")
    if demand.p99 <= model.unloaded_p99():
        raise OutOfReachError(
            f"p99 stays above {1e3 * demand.p99:g} ms: without load it is "
            f"{1e3 * model.unloaded_p99():.3g} ms already"
        )
    low = max(1, ceil(demand.peak / model.saturation(1)))
    high = low
    while model.p99(demand.peak, high) > demand.p99:
        if demand.peak < _RARE * high:
            raise OutOfReachError(
                f"p99 stays above {1e3 * demand.p99:g} ms with {high} pods of {demand.cpu:g} cores"
            )
        low, high = high + 1, ceil(1.25 * high) + (high < 4)
    while low < high:
        middle = (low + high) // 2
        if model.p99(demand.peak, middle) <= demand.p99:
            high = middle
        else:
            low = middle + 1
    return high
