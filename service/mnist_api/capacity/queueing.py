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
    groups: int = 2
    """How many are granted it: the kubelet limits the container, and the same once more its pod,
    whose periods begin at other times."""


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
    stopped: float
    """Share of the quotas' periods in which one stopped its pod."""


AWAKE = Waking()


class _Group:
    """What a control group may use of its quota: `left` seconds until `end`."""

    def __init__(self, quota: Quota, phase: float) -> None:
        self._quota = quota
        self.end, self.left = phase, quota.budget
        self.stops = 0

    def renew(self, now: float) -> None:
        """Begin the period in which a moment is."""
        if now < self.end:
            return
        period = self._quota.period
        self.end += period * floor((now - self.end) / period)
        # Rounding can put the begin of a period into the one before.
        while self.end <= now:
            self.end += period
        self.left = self._quota.budget


class _Pod:
    """One event loop: first come, first served; stopped where a quota is used up."""

    def __init__(self, groups: Sequence[_Group]) -> None:
        self.groups = groups
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
        end = self._run(start, service)
        self._leaving.append(end)
        return end

    def _run(self, now: float, service: float) -> float:
        while True:
            span = service
            for group in self.groups:
                group.renew(now)
                span = min(span, group.left, group.end - now)
            for group in self.groups:
                group.left -= span
            now, service = now + span, service - span
            if not service:
                return now
            for group in self.groups:
                if not group.left and now < group.end:
                    group.stops += 1
                    now = group.end


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
    random = np.random.default_rng(seed)
    every = [_Pod(_groups(quota, random)) for _ in range(pods)]
    late, cpu = np.empty(len(arrivals)), np.empty(len(arrivals))
    for number, (now, service) in enumerate(zip(arrivals, services, strict=True)):
        pod = _least_busy(every, number % pods, now)
        cpu[number] = service * wake.times(pod.asleep(now))
        late[number] = pod.take(now, cpu[number]) - now - cpu[number]
    return Played(late, cpu, _stopped(every, quota, float((arrivals + late + cpu).max())))


def _stopped(pods: Sequence[_Pod], quota: Quota | None, seconds: float) -> float:
    if quota is None:
        return 0.0
    groups = [group for pod in pods for group in pod.groups]
    return sum(group.stops for group in groups) * quota.period / seconds / len(groups)


def _groups(quota: Quota | None, random: np.random.Generator) -> list[_Group]:
    if quota is None:
        return []
    phases = random.uniform(0, quota.period, quota.groups)
    return [_Group(quota, float(phase)) for phase in phases]


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
