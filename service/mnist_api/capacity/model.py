"""What pods of one kind bear: from a rate and their number to latency and CPU use."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mnist_api.capacity.figures import MOMENT, Figures, ModelFigures
from mnist_api.capacity.queueing import Floats, Played, Quota, play, poisson

# Longer queues of more pods only get shorter: a group of 16 at the same load stands for more.
_GROUP = 16
_REQUESTS = 10_000
_SEEDS = (1, 2, 3)
# The highest rate is found to within a hundredth of the saturation.
_HALVINGS = 7
# By so much a machine that others share is slower in some minutes than when it was measured: wrk's
# request cost 92 to 129 us in the five turns of a quarter of an hour, 100 in the middle one.
_DRIFT = 1.25
# Of a rate that depends on itself; each brings it ten times nearer.
_TRIALS = 8


@dataclass(frozen=True)
class Demand:
    """What is asked of the service."""

    rate: float
    """Predictions a second."""
    p99: float
    """Seconds."""
    model: str
    hit_ratio: float = 0.0
    """Share that the pods' own caches answer."""
    cpu: float = 1.0
    """Cores of each pod: its request."""
    limited: bool = False
    """Whether `cpu` is its CPU limit too, which stops it in each period when it is used up."""
    growth: float = 0.25
    """By which share the rate may grow before new pods have come; the p99 is kept then too."""
    node_use: float = 0.5
    """Share of the nodes' CPU that all who run there use at that rate; below 1."""

    @property
    def peak(self) -> float:
        """Return the rate that must be borne, predictions a second."""
        return self.rate * (1 + self.growth)


class Model:
    """The capacity model of one demand's kind of pod and of request."""

    def __init__(self, figures: Figures, demand: Demand, *, careful: bool = True) -> None:
        """Choose the costs.

        Args:
            figures: measured.
            demand: what is asked.
            careful: count with the upper ends of the costs' bands, and with a machine that has
                become slower since they were measured, so as not to plan too few.
        """
        if careful:
            figures = figures.at_pace(_DRIFT)
        self._figures, self._demand = figures, demand
        self._known: ModelFigures = figures.models[demand.model]
        self._costs = tuple(
            (cost.cpu_us_high if careful else cost.cpu_us) / 1e6
            for cost in (self._known.computed, self._known.remembered)
        )
        stretch = self._known.stretch(demand.node_use)
        self._unloaded = stretch * np.array(self._known.unloaded_ms) / 1e3

    def mean_cost(self, pods: int) -> float:
        """Return the CPU seconds of a mean request where there are so many pods."""
        computed, remembered = self._costs
        hits = self._demand.hit_ratio
        mean = (1 - hits) * computed + hits * remembered
        return mean * self._figures.loss.inflation(pods)

    def cores(self) -> float:
        """Return what a pod has for requests, in cores."""
        usable = self._figures.usable if self._demand.limited else 1.0
        # One event loop computes on one core at most.
        return min(1.0, self._demand.cpu) * usable - self._figures.idle_cores

    def speed(self) -> float:
        """Return how fast a pod computes that is not stopped, as a share of a core."""
        # On a node that is full, a pod's request is the speed that it is sure of.
        return 1.0 if self._demand.limited else self.cores()

    def unloaded_p99(self) -> float:
        """Return the p99 where nobody waits, in seconds."""
        return float(np.percentile(self._unloaded, 99))

    def saturation(self, pods: int) -> float:
        """Return the predictions a second that pods answer at most."""
        cores, cost, wake = self.cores(), self.mean_cost(pods), self._known.wake
        rate = cores / cost
        if self._demand.limited:
            # A pod that may use a fifth of a core is asleep for the rest, however much is asked,
            # and what is asked next wakes it; the more is asked, the shorter it slept.
            for _ in range(_TRIALS):
                woken = (wake.mean_times(rate) - 1) * (1 - cores)
                rate = cores / (cost * (1 + woken))
        return pods * rate

    def played(self, arrivals: Floats, pods: int, seed: int) -> Played:
        """Let requests come at given seconds; times are of the clock, not of the CPU.

        Args:
            arrivals: seconds, ascending, float64 (n,).
            pods: how many there are.
            seed: of all that is chance.
        """
        random = np.random.default_rng(seed)
        services = self._services(len(arrivals), pods, random)
        return self._play(arrivals, services * self._paces(arrivals, random), pods, seed)

    def _services(self, count: int, pods: int, random: np.random.Generator) -> Floats:
        """Return the CPU seconds of so many requests at the mean pace."""
        computed, remembered = self._costs
        is_hit = random.uniform(size=count) < self._demand.hit_ratio
        return np.where(is_hit, remembered, computed) * self._figures.loss.inflation(pods)

    def _play(self, arrivals: Floats, services: Floats, pods: int, seed: int) -> Played:
        quota = None
        if self._demand.limited:
            period = self._figures.period_s
            quota = Quota(self.cores() * period, period)
        wake = self._known.wake
        return play(arrivals.tolist(), (services / self.speed()).tolist(), pods, quota, wake, seed)

    def _paces(self, arrivals: Floats, random: np.random.Generator) -> Floats:
        """Return by what factor requests cost more in the moment in which they come."""
        # Counted without those in which none comes: at one request an hour nearly all are.
        _, moment = np.unique((arrivals / MOMENT).astype(int), return_inverse=True)
        deviation = np.sqrt(np.log1p(self._figures.wander**2))
        each = np.exp(random.normal(-(deviation**2) / 2, deviation, moment[-1] + 1))
        paces: Floats = each[moment]
        return paces

    def latencies(self, arrivals: Floats, pods: int, seed: int) -> Floats:
        """Return seconds from when each request came to its answer, float64 (n,)."""
        played = self.played(arrivals, pods, seed)
        # What is drawn has been measured of pods that compute at full speed.
        waited = played.waits + played.cpu * (1 - self.speed())
        places = np.linspace(0, 1, len(self._unloaded))
        chosen = np.random.default_rng(seed + 1).uniform(size=len(arrivals))
        return waited + np.interp(chosen, places, self._unloaded)

    def p99(self, rate: float, pods: int) -> float:
        """Return the p99 of the latency at a rate, in seconds; infinite where it is too much."""
        if rate >= self.saturation(pods):
            return float("inf")
        found = [
            self.latencies(arrivals, group, seed) for arrivals, group, seed in _draws(rate, pods)
        ]
        return float(np.percentile(np.concatenate(found), 99))

    def most(self, p99: float, pods: int) -> float:
        """Return the highest rate at which so many pods keep a p99 of so many seconds."""
        return highest(lambda rate: self.p99(rate, pods) <= p99, self.saturation(pods), _HALVINGS)

    def utilisation(self, rate: float, pods: int) -> float:
        """Return a pod's mean CPU use as share of its request, as the autoscaler sees it."""
        arrivals, group, seed = _draws(rate, pods)[0]
        # Not of a play with its paces: those of some seconds are not the mean one.
        services = self._services(len(arrivals), group, np.random.default_rng(seed))
        used = self._play(arrivals, services, group, seed).cpu.sum()
        cores = used * self.speed() / arrivals[-1] / group + self._figures.idle_cores
        return float(cores / self._demand.cpu)


def highest(holds: Callable[[float], bool], end: float, halvings: int) -> float:
    """Return how far from 0 to an end something holds, to within so many halvings of the way."""
    low, high = 0.0, end
    for _ in range(halvings):
        middle = (low + high) / 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


def _draws(rate: float, pods: int) -> list[tuple[Floats, int, int]]:
    """Return arrivals at a group of the pods, the group's size, and their seed."""
    group = min(pods, _GROUP)
    share = rate * group / pods
    return [
        (poisson(share, _REQUESTS, np.random.default_rng(seed)), group, seed) for seed in _SEEDS
    ]
