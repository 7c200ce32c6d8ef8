"""Measures one pod, and the pods that the model is tried on, in turns.

A machine that others share is a fifth slower or faster in the next quarter of an hour. Figures from
before a trial would tell that of it, and not what the model is worth.
"""

import sys
from collections import defaultdict

from loadtest.capacity.fitting import at_even_pace
from loadtest.capacity.measure import calibrate, idle_cores, lone_pod, saturate_all
from loadtest.capacity.results import Calibration, Check, Run
from loadtest.capacity.validate import measure, rate_at
from loadtest.cluster import Release
from loadtest.machine import here
from loadtest.scaling import Study
from loadtest.targets import scaled
from mnist_api.capacity.model import Demand

COUNTS = (1, 2, 4)
# Runs of each load in a turn. Where a quota is nearly used up, the p99 of one is several times that
# of the next; past it, that of most.
LOADS = {0.5: 2, 0.7: 2, 0.8: 6, 0.9: 2}
# One after the other, for as long as there are runs of each.
_MIXED = [load for again in range(max(LOADS.values())) for load in LOADS if again < LOADS[load]]
_CACHE_BYTES = "4194304"


def measured(
    release: Release, demand: Demand, study: Study | None, seconds: float, repeats: int
) -> tuple[Calibration, list[Check]]:
    """Measure pods of the demand's kind.

    Args:
        release: not installed.
        demand: the pods' CPU limit, and what the model is tried with.
        study: whose losses the figures take.
        seconds: that a saturated pod is asked for; twice as many at random times.
        repeats: turns.
    """
    target = lone_pod(release, demand.cpu, **{"settings.cache_bytes": _CACHE_BYTES})
    found = Calibration(here(), demand.cpu, 0.0, [], [])
    for _ in range(repeats):
        found.saturated += saturate_all(target, seconds, cached=True)
    # Not before it has been asked: a pod that has just come up is busy with that.
    found.idle_cores = idle_cores(target, 2 * seconds)
    lone_pod(release, demand.cpu)
    runs: dict[tuple[int, float], list[Run]] = defaultdict(list)
    for turn in range(repeats):
        calibrate(scaled(release, 1), found, seconds, 10 * turn, demand.model)
        # Of what is known so far: in a slow turn a rate of a fast one would be another load.
        figures = at_even_pace(found, study)
        for count in COUNTS:
            target = scaled(release, count)
            rates = {load: rate_at(load, figures, demand, count) for load in LOADS}
            for load in _MIXED:
                those, rate = runs[count, load], rates[load]
                one = measure(target, demand.model, rate, 2 * seconds, seed=len(those))
                those.append(one)
                sys.stderr.write(f"turn {turn}: {count} at {load}: {one.open.p99_ms:.1f} ms\n")
    return found, [Check(*point, 2 * seconds, those) for point, those in runs.items()]
