"""From measurements to the figures that `mnist-api capacity` computes with."""

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.optimize import curve_fit

from loadtest.capacity.measure import HIGH, KINDS, PERIOD, QUIET, SHARES
from loadtest.capacity.pace import pace_of
from loadtest.capacity.results import Calibration, Saturated, Steady
from loadtest.scaling import Study
from mnist_api.capacity.figures import Cost, Figures, Loss, ModelFigures
from mnist_api.capacity.model import Demand, highest
from mnist_api.capacity.queueing import Floats, Waking, poisson

_DRAWS = 2000
# Of each run, for its chance arrivals.
_PLAYS = 4
# Of a pace that differs from moment to moment, and how often the span to it is halved.
_MOST_WANDER = 0.5
_HALVINGS = 6
# Seconds after which a pod's caches are cold in any case.
_LONGEST_COOLING = 0.1


def fit(calibration: Calibration, study: Study | None) -> Figures:
    """Return the figures of a calibration, and of a scaling study the losses between pods."""
    figures = at_even_pace(calibration, study)
    return msgspec.structs.replace(figures, wander=wander(calibration, figures))


def at_even_pace(calibration: Calibration, study: Study | None) -> Figures:
    """Return the same as if the pace never wandered, which what pods use in the mean does not show.

    The plays that tell by how much it does take some seconds.
    """
    runs = calibration.saturated
    used = [run.cpu["service"] for run in runs]
    ingress = [run.cpu["ingress"] / run.rate for run in runs]
    idle = calibration.idle_cores
    machine = calibration.machine
    models = {model: model_figures(calibration, model) for model in KINDS}
    return Figures(
        machine={
            "commit": machine.commit,
            "date": machine.date,
            "processor": machine.processor,
            "kernel": machine.kernel,
        },
        models=models,
        usable=min(1.0, float(np.median(used)) / calibration.limit_cores),
        idle_cores=idle,
        period_s=PERIOD,
        ingress_us=1e6 * float(np.median(ingress)),
        loss=loss(study),
        wander=0.0,
    )


def wander(calibration: Calibration, figures: Figures) -> float:
    """Return by how much the pace has to differ for as many stops as quotas made near their end.

    Random arrivals alone use a quota up far less often.
    """
    limit = calibration.limit_cores
    runs = [run for model in KINDS for run in _steady(calibration, model, HIGH)]
    stopped = float(np.mean([run.throttled for run in runs]))

    def seldom(tried: float) -> bool:
        known = msgspec.structs.replace(figures, wander=tried)
        seeds = enumerate(run for run in runs for _ in range(_PLAYS))
        played = [_stopped(run, known, limit, seed) for seed, run in seeds]
        return float(np.mean(played)) <= stopped

    return highest(seldom, _MOST_WANDER, _HALVINGS)


def _stopped(run: Steady, figures: Figures, limit: float, seed: int) -> float:
    """Return the share of periods in which a quota stops a pod that uses as much CPU as in a run.

    In a play of the run's own length: in few seconds the pace is another in the mean as well, and
    that is known.
    """
    demand = Demand(run.open.rate, 1.0, run.model, cpu=limit, limited=True)
    arrivals = poisson(run.open.rate, run.open.requests, np.random.default_rng(seed))
    cost = _per_answer(run, figures.idle_cores) / 1e6
    return pace_of(cost, arrivals, 1, figures, demand, seed)[1].stopped


def model_figures(calibration: Calibration, model: str) -> ModelFigures:
    """Return what a request of one kind costs and takes."""
    runs, idle = calibration.saturated, calibration.idle_cores
    quiet = _steady(calibration, model, QUIET)
    busy = float(np.median([run.cpu["machine"] for run in quiet]))
    computed = cost(_of(runs, model, cached=False), idle)
    return ModelFigures(
        computed=computed,
        remembered=cost(_of(runs, model, cached=True), idle),
        wake=wake(calibration, model, computed.cpu_us),
        unloaded_ms=tuple(np.median([run.quantiles_ms for run in quiet], axis=0).tolist()),
        node_use=busy / calibration.machine.cores,
    )


def cost(runs: Sequence[Saturated], idle: float) -> Cost:
    """Return the CPU of one request: the median, and the upper end of its bootstrap band."""
    each = np.array([_each_us(run.cpu["service"], idle, run.rate) for run in runs])
    random = np.random.default_rng(1)
    drawn = np.median(random.choice(each, (_DRAWS, len(each))), axis=1)
    return Cost(float(np.median(each)), float(np.percentile(drawn, 97.5)))


def wake(calibration: Calibration, model: str, busy_us: float) -> Waking:
    """Return what a request costs more that wakes a pod, from some rates at random times.

    One that follows another takes `busy_us`. A pod that computes a share of the time is asleep for
    the other share of the requests. What those cost more in the mean is known at each rate;
    `Waking.mean_times` is fitted to that.
    """
    found = [
        _waking(_steady(calibration, model, share), calibration.idle_cores, busy_us)
        for share in SHARES
    ]
    rates, more = np.array(found).T
    if more[0] <= 0:
        return Waking()
    fitted: Floats = curve_fit(
        lambda rate, most, cooling: most / (1 + rate * cooling),
        rates,
        more,
        (more[0], _LONGEST_COOLING / 10),
        # As a share of the whole cost each is known equally well.
        sigma=1 + more,
        bounds=(0, (np.inf, _LONGEST_COOLING)),
    )[0]
    most, cooling = fitted.tolist()
    return Waking(1 + most, cooling)


def _waking(runs: Sequence[Steady], idle: float, busy_us: float) -> tuple[float, float]:
    """Return the rate, and what a request that wakes a pod costs more, as a share of its cost."""
    more = [(_per_answer(run, idle) / busy_us - 1) / (1 - run.cpu["service"]) for run in runs]
    return float(np.median([run.open.rate for run in runs])), float(np.median(more))


def loss(study: Study | None) -> Loss:
    """Return the losses of the law; of no study, none."""
    if study is None or study.fit is None:
        return Loss(0.0, 0.0, 1)
    return Loss(study.fit.alpha.value, study.fit.beta.value, max(study.rates()))


def _of(runs: Sequence[Saturated], model: str, *, cached: bool) -> list[Saturated]:
    return [run for run in runs if run.model == model and run.cached == cached]


def _steady(calibration: Calibration, model: str, share: float) -> list[Steady]:
    return [run for run in calibration.steady if (run.model, run.share) == (model, share)]


def _per_answer(steady: Steady, idle: float) -> float:
    """Return microseconds; what was refused is counted to what was answered."""
    answered = steady.open.requests - steady.open.errors
    return _each_us(steady.cpu["service"], idle, answered / steady.seconds)


def _each_us(cores: float, idle: float, rate: float) -> float:
    """Return the CPU of one request, in microseconds, of a pod that uses `idle` cores unasked."""
    return 1e6 * (cores - idle) / rate
