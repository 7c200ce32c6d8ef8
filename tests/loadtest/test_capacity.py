"""Fitting made-up measurements, and the packaged figures."""

from pathlib import Path

import numpy as np
import pytest

from loadtest.capacity.fitting import cost, fit, wake
from loadtest.capacity.measure import HIGH, LOW, MODELS
from loadtest.capacity.results import Calibration, Check, Saturated, Steady
from loadtest.capacity.validate import pace_of
from loadtest.drive import Open
from loadtest.machine import RESULTS, here
from loadtest.sections.capacity import verdict
from mnist_api.capacity.figures import load
from mnist_api.capacity.plan import Demand, Model

ROOT = Path(__file__).resolve().parents[2]


def opened(rate: float, p99: float = 5.0) -> Open:
    return Open(rate, 1000, 0, 2.0, p99, p99, p99, 0.1)


def saturated(model: str, rate: float, *, cached: bool) -> Saturated:
    return Saturated(model, cached, rate, 0, {"service": 0.2, "ingress": 0.02}, 0.9)


@pytest.fixture
def calibration() -> Calibration:
    runs = [
        saturated(model, 800.0 if cached else rate, cached=cached)
        for model in MODELS
        for cached in (False, True)
        for rate in (190.0, 200.0, 210.0)
    ]
    # wrk's request takes 0.95 ms; one at a constant rate 1.2 in a queue, and alone 1.5.
    steady = [
        Steady(model, share, opened(rate), {"service": 0.01 + cores}, 0.0, [1.0, 2.0, 9.0])
        for model in MODELS
        for share, rate, cores in ((LOW, 10.0, 0.015), (HIGH, 160.0, 0.192))
    ]
    return Calibration(here(), 0.2, 0.01, runs, steady)


def test_the_figures_are_those_of_the_measurements(calibration: Calibration) -> None:
    figures = fit(calibration, None)
    cnn = figures.models["cnn"]
    assert cnn.computed.cpu_us == pytest.approx(1200)
    assert cnn.computed.cpu_us < cnn.computed.cpu_us_high <= 1200 * 200 / 190 + 1e-6
    assert cnn.remembered.cpu_us == pytest.approx(1200 / 950 * 1e6 * 0.19 / 800)
    assert cnn.wake == pytest.approx(1.5 / 1.2)
    assert figures.usable == pytest.approx(1)
    assert figures.loss.inflation(8) == 1


def test_nothing_costs_less_alone_than_in_a_queue(calibration: Calibration) -> None:
    calibration.steady[0].cpu["service"] = 0.011
    assert wake(calibration, MODELS[0]) == 1


def test_one_run_has_no_band() -> None:
    found = cost([saturated("cnn", 200, cached=False)], 0.0)
    assert found.cpu_us == found.cpu_us_high


def test_the_verdict_counts_what_the_model_missed_and_promised_too_much() -> None:
    near = Check(1, 0.5, 10, 1, opened(100, 10.0), {}, 0.0, 11.0, 11.0, 12.0)
    far = Check(1, 0.8, 10, 1, opened(100, 10.0), {}, 0.0, 5.0, 5.0, 6.0)
    beyond = Check(1, 0.9, 10, 1, opened(100, 10.0), {}, 0.0, 5.0, 5.0, 60.0)
    said = verdict([near, far, beyond])
    assert "1 of 2 points" in said
    assert "1 of 3." in said


def test_what_a_request_cost_in_those_seconds_is_found_from_the_pods_cpu_time() -> None:
    figures = load()
    demand = Demand(1.0, 1.0, "cnn", cpu=0.2, limited=True)
    arrivals = np.arange(1, 2001) / 100.0
    slower = Model(figures.at_pace(1.3), demand, careful=False)
    used = float(slower.played(arrivals, 2, seed=0).cpu.sum()) / 20 + 2 * figures.idle_cores
    point = Check(2, 0.5, 20, 1, opened(100), {"service": used}, 0.0, 0.0, 0.0, 0.0)
    assert pace_of(point, arrivals, figures, demand) == pytest.approx(1.3, rel=1e-3)


def test_the_packaged_figures_are_those_of_the_results() -> None:
    packaged = ROOT / "service" / "mnist_api" / "capacity" / "figures.json"
    assert packaged.read_bytes() == (RESULTS / "capacity.json").read_bytes(), "run `make capacity`"
    assert set(load().models) == set(MODELS)
