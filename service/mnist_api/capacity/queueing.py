"""How long requests wait in pods: a G/G/k queue with least-connection routing and CPU quotas.

Closed formulae (Allen-Cunneen's for M/G/k) know one queue for all servers and no quota. Here each
pod has its own queue, the ingress gives a request to the pod that has fewest, a request that wakes
a pod costs the more the longer it slept, and the kernel stops a pod that has used its quota until
the next period begins. No formula is known for that, so the queue is played through with
random arrivals. Where a formula holds, tests compare with it.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, floor, inf

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Quota:
    """What CFS bandwidth control grants a pod: `budget` seconds of CPU in each `period`."""

    budget: float
    period: float = 0.1


@dataclass(frozen=True)
class Waking:
    """What a request costs that wakes a pod: its caches grow cold while others have the core."""

    factor: float = 1.0
    """Of one that finds it long asleep, as a multiple of one that follows another."""
    cooling_s: float = 0.0
    """Asleep for so many seconds, 63 % of what is more is reached; 0: at once."""

    def times(self, asleep: float) -> float:
        """Return by what factor a request costs more after so many seconds of sleep."""
        if not asleep or not self.cooling_s:
            return self.factor if asleep else 1.0
        return 1 + (self.factor - 1) * -expm1(-asleep / self.cooling_s)

    def mean_times(self, rate: float) -> float:
        """Return the mean of `times` over sleeps that end at random, so many a second."""
        return 1 + (self.factor - 1) / (1 + rate * self.cooling_s)


@dataclass(frozen=True)
class Played:
    """What came of requests: float64 (n,) each, in seconds."""

    waits: Floats
    """By how much each answer came later than its service alone takes."""
    cpu: Floats
    """What each request used."""


AWAKE = Waking()


class _Pod:
    """One event loop: first come, first served; stopped where its quota is used up."""

    def __init__(self, quota: Quota | None, phase: float) -> None:
        self._quota, self._phase = quota, phase
        self._period, self._left = -2, 0.0
        self._leaving: deque[float] = deque()
        self._slept_from = -inf

    def open_at(self, now: float) -> int:
        """Return how many requests it has not answered yet."""
        while self._leaving and self._leaving[0] <= now:
            self._slept_from = self._leaving.popleft()
        return len(self._leaving)

    def asleep(self, now: float) -> float:
        """Return for how many seconds it has had nothing to do."""
        return 0.0 if self.open_at(now) else now - self._slept_from

    def take(self, now: float, service: float) -> float:
        """Take a request and return when it is answered."""
        start = max(now, self._leaving[-1]) if self._leaving else now
        end = start + service if self._quota is None else self._run(start, service, self._quota)
        self._leaving.append(end)
        return end

    def _run(self, now: float, service: float, quota: Quota) -> float:
        period = floor((now - self._phase) / quota.period)
        # Not from the clock alone: rounding can put the begin of a period into the one before.
        if period > self._period:
            self._period, self._left = period, quota.budget
        while True:
            end = self._phase + (self._period + 1) * quota.period
            if service <= min(self._left, end - now):
                self._left -= service
                return now + service
            # It uses what is left, if the period is long enough, and goes on in the next.
            service -= max(0.0, min(self._left, end - now))
            now = end
            self._period, self._left = self._period + 1, quota.budget


def play(
    arrivals: Sequence[float],
    services: Sequence[float],
    pods: int,
    quota: Quota | None = None,
    wake: Waking = AWAKE,
    seed: int = 1,
) -> Played:
    """Let requests come to pods.

    Args:
        arrivals: seconds, ascending.
        services: CPU seconds of each request where it follows another without pause.
        pods: how many there are.
        quota: what each may use; None: a core of its own.
        wake: what a request costs more that finds its pod asleep.
        seed: of when each pod's periods begin.
    """
    phases = np.random.default_rng(seed).uniform(0, quota.period if quota else 1, pods)
    every = [_Pod(quota, float(phase)) for phase in phases]
    late, cpu = np.empty(len(arrivals)), np.empty(len(arrivals))
    for number, (now, service) in enumerate(zip(arrivals, services, strict=True)):
        pod = _least_busy(every, number % pods, now)
        cpu[number] = service * wake.times(pod.asleep(now))
        late[number] = pod.take(now, cpu[number]) - now - cpu[number]
    return Played(late, cpu)


def _least_busy(pods: Sequence[_Pod], first: int, now: float) -> _Pod:
    """Return the pod with the fewest open requests; equals take turns, as in nginx."""
    best, fewest = pods[first], pods[first].open_at(now)
    for step in range(1, len(pods)):
        if not fewest:
            break
        pod = pods[(first + step) % len(pods)]
        if (open_ := pod.open_at(now)) < fewest:
            best, fewest = pod, open_
    return best


def poisson(rate: float, count: int, random: np.random.Generator) -> Floats:
    """Return the times at which so many independent requests come: seconds, float64 (count,)."""
    return np.cumsum(random.exponential(1 / rate, count))
