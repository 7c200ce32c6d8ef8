"""From measurements to the figures that `mnist-api capacity` computes with."""

from collections.abc import Sequence

import numpy as np

from loadtest.capacity.measure import HIGH, LOW, MODELS
from loadtest.capacity.results import Calibration, Saturated, Steady
from loadtest.scaling import Study
from mnist_api.capacity.figures import Cost, Figures, Loss, ModelFigures

_DRAWS = 2000
PERIOD = 0.1  # the kubelet's own


def fit(calibration: Calibration, study: Study | None) -> Figures:
    """Return the figures of a calibration, and of a scaling study the losses between pods."""
    runs = calibration.saturated
    used = [run.cpu["service"] for run in runs]
    ingress = [run.cpu["ingress"] / run.rate for run in runs]
    idle = calibration.idle_cores
    machine = calibration.machine
    dearer = {model: open_loop(calibration, model) for model in MODELS}
    return Figures(
        machine={
            "commit": machine.commit,
            "date": machine.date,
            "processor": machine.processor,
            "kernel": machine.kernel,
        },
        models={
            model: ModelFigures(
                computed=cost(_of(runs, model, cached=False), idle).times(dearer[model]),
                remembered=cost(_of(runs, model, cached=True), idle).times(dearer[model]),
                wake=wake(calibration, model),
                unloaded_ms=tuple(_steady(calibration, model, LOW).quantiles_ms),
            )
            for model in MODELS
        },
        usable=min(1.0, float(np.median(used)) / calibration.limit_cores),
        idle_cores=idle,
        period_s=PERIOD,
        ingress_us=1e6 * float(np.median(ingress)),
        loss=loss(study),
    )


def cost(runs: Sequence[Saturated], idle: float) -> Cost:
    """Return the CPU of one request: the median, and the upper end of its bootstrap band."""
    each = np.array([1e6 * (run.cpu["service"] - idle) / run.rate for run in runs])
    random = np.random.default_rng(1)
    drawn = np.median(random.choice(each, (_DRAWS, len(each))), axis=1)
    return Cost(float(np.median(each)), float(np.percentile(drawn, 97.5)))


def open_loop(calibration: Calibration, model: str) -> float:
    """Return the CPU of a request at a rate that keeps a pod busy, as a multiple of wrk's.

    Eight connections that wait for each other are cheaper to serve than many that do not: by a
    fifth, where both were measured.
    """
    idle = calibration.idle_cores
    closed = cost(_of(calibration.saturated, model, cached=False), idle).cpu_us
    return max(1.0, _per_answer(_steady(calibration, model, HIGH), idle) / closed)


def wake(calibration: Calibration, model: str) -> float:
    """Return the CPU of a request that comes alone, as a multiple of one in a queue."""
    idle = calibration.idle_cores
    alone, busy = (_per_answer(_steady(calibration, model, share), idle) for share in (LOW, HIGH))
    return max(1.0, alone / busy)


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
    return 1e6 * (steady.cpu["service"] - idle) / answered
