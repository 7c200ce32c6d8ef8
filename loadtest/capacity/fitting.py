"""From measurements to the figures that `mnist-api capacity` computes with."""

from collections.abc import Sequence

import numpy as np

from loadtest.capacity.measure import HIGH, KINDS, LOW, PERIOD, QUIET
from loadtest.capacity.results import Calibration, Saturated, Steady
from loadtest.scaling import Study
from mnist_api.capacity.figures import Cost, Figures, Loss, ModelFigures
from mnist_api.capacity.queueing import Waking

_DRAWS = 2000
# Seconds after which a pod's caches are cold in any case.
_LONGEST_COOLING = 0.1


def fit(calibration: Calibration, study: Study | None) -> Figures:
    """Return the figures of a calibration, and of a scaling study the losses between pods."""
    runs = calibration.saturated
    used = [run.cpu["service"] for run in runs]
    ingress = [run.cpu["ingress"] / run.rate for run in runs]
    idle = calibration.idle_cores
    machine = calibration.machine
    return Figures(
        machine={
            "commit": machine.commit,
            "date": machine.date,
            "processor": machine.processor,
            "kernel": machine.kernel,
        },
        models={model: model_figures(calibration, model) for model in KINDS},
        usable=min(1.0, float(np.median(used)) / calibration.limit_cores),
        idle_cores=idle,
        period_s=PERIOD,
        ingress_us=1e6 * float(np.median(ingress)),
        loss=loss(study),
        wander=float(np.median([wander(_steady(calibration, model, HIGH)) for model in KINDS])),
    )


def model_figures(calibration: Calibration, model: str) -> ModelFigures:
    """Return what a request of one kind costs and takes."""
    runs, idle = calibration.saturated, calibration.idle_cores
    quiet = _steady(calibration, model, QUIET)
    return ModelFigures(
        computed=cost(_of(runs, model, cached=False), idle),
        remembered=cost(_of(runs, model, cached=True), idle),
        wake=wake(calibration, model),
        unloaded_ms=tuple(quiet.quantiles_ms),
        node_use=quiet.cpu["machine"] / calibration.machine.cores,
    )


def wander(steady: Steady) -> float:
    """Return by how much the pace differs from one tenth of a second to the next.

    What a pod uses then varies as the number of the requests does, by the root of it, and with what
    each of them costs: here it is how far the variance is above that of the number alone.
    """
    uses = np.array(steady.uses)
    if not len(uses):
        return 0.0
    relative = float(uses.var() / uses.mean() ** 2)
    return float(np.sqrt(max(0.0, relative - 1 / (steady.open.rate * PERIOD))))


def cost(runs: Sequence[Saturated], idle: float) -> Cost:
    """Return the CPU of one request: the median, and the upper end of its bootstrap band."""
    each = np.array([_each_us(run.cpu["service"], idle, run.rate) for run in runs])
    random = np.random.default_rng(1)
    drawn = np.median(random.choice(each, (_DRAWS, len(each))), axis=1)
    return Cost(float(np.median(each)), float(np.percentile(drawn, 97.5)))


def wake(calibration: Calibration, model: str) -> Waking:
    """Return what a request costs more that wakes a pod, from two rates at random times.

    A pod that computes a share of the time is asleep for the other share of the requests. What
    those cost more in the mean is known at two rates; the inverse of `Waking.mean_times` is it.
    """
    idle = calibration.idle_cores
    busy = cost(_of(calibration.saturated, model, cached=False), idle).cpu_us
    (slow, more), (fast, less) = (
        _waking(_steady(calibration, model, share), idle, busy) for share in (LOW, HIGH)
    )
    if more <= 0:
        return Waking()
    if less >= more:
        return Waking(1 + more)
    slope = fast * less - slow * more
    cooling = min((more - less) / slope, _LONGEST_COOLING) if slope > 0 else _LONGEST_COOLING
    return Waking(1 + more * (1 + slow * cooling), cooling)


def _waking(steady: Steady, idle: float, busy_us: float) -> tuple[float, float]:
    """Return the rate, and what a request that wakes a pod costs more, as a share of its cost."""
    asleep = 1 - steady.cpu["service"]
    return steady.open.rate, (_per_answer(steady, idle) / busy_us - 1) / asleep


def loss(study: Study | None) -> Loss:
    """Return the losses of the law; of no study, none."""
    if study is None or study.fit is None:
        return Loss(0.0, 0.0, 1)
    return Loss(study.fit.alpha.value, study.fit.beta.value, max(study.rates()))


def _of(runs: Sequence[Saturated], model: str, *, cached: bool) -> list[Saturated]:
    return [run for run in runs if run.model == model and run.cached == cached]


def _steady(calibration: Calibration, model: str, share: float) -> Steady:
    (found,) = (one for one in calibration.steady if (one.model, one.share) == (model, share))
    return found


def _per_answer(steady: Steady, idle: float) -> float:
    """Return microseconds; what was refused is counted to what was answered."""
    answered = steady.open.rate * (1 - steady.open.errors / steady.open.requests)
    return _each_us(steady.cpu["service"], idle, answered)


def _each_us(cores: float, idle: float, rate: float) -> float:
    """Return the CPU of one request, in microseconds, of a pod that uses `idle` cores unasked."""
    return 1e6 * (cores - idle) / rate
