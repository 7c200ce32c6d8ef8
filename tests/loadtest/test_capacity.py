"""Fitting made-up measurements, and the packaged figures."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from loadtest.capacity.__main__ import newest
from loadtest.capacity.fitting import cost, fit, wake
from loadtest.capacity.fitting import wander as fitted_wander
from loadtest.capacity.measure import HIGH, KINDS, LOW, QUIET
from loadtest.capacity.pace import pace_of
from loadtest.capacity.results import Calibration, Check, Run, Saturated, Steady
from loadtest.capacity.validate import on_that_node, rate_at
from loadtest.drive import Open
from loadtest.machine import RESULTS, here
from loadtest.sections.capacity import repeated, verdict
from loadtest.sections.tables import read
from mnist_api.capacity.figures import load
from mnist_api.capacity.model import Demand, Model
from mnist_api.capacity.queueing import Waking, poisson

WAKE = Waking(3.0, 0.005)
ROOT = Path(__file__).resolve().parents[2]


def opened(rate: float, p99: float = 5.0) -> Open:
    return Open(rate, 1000, 0, 2.0, p99, p99, p99, 0.1)


def saturated(model: str, rate: float, *, cached: bool) -> Saturated:
    return Saturated(model, cached, rate, 0, {"service": 0.2, "ingress": 0.02}, 0.9)


def used(rate: float) -> float:
    """Return the cores of a pod that WAKE is true of."""
    cores = 0.01
    for _ in range(50):
        cost = 0.00095 * (1 + (WAKE.factor - 1) * (1 - cores) / (1 + rate * WAKE.cooling_s))
        cores = 0.01 + rate * cost
    return cores


@pytest.fixture
def calibration() -> Calibration:
    runs = [
        saturated(model, 800.0 if cached else rate, cached=cached)
        for model in KINDS
        for cached in (False, True)
        for rate in (190.0, 200.0, 210.0)
    ]
    # wrk's request takes 0.95 ms. One turn is in a bad minute.
    steady = [
        Steady(
            model,
            share,
            1000 / rate,
            opened(rate, p99=9.0 * pace),
            {"service": pace * used(rate), "machine": pace * share * here().cores},
            0.0,
            [1.0, 2.0, 9.0 * pace],
        )
        for model in KINDS
        for share, rate in ((LOW, 10.0), (QUIET, 50.0), (HIGH, 100.0))
        for pace in (1.0, 1.5, 1.0)
    ]
    return Calibration(here(), 0.2, 0.01, runs, steady)


def test_the_figures_are_those_of_the_measurements(calibration: Calibration) -> None:
    figures = fit(calibration, None)
    cnn = figures.models["cnn"]
    assert cnn.computed.cpu_us == pytest.approx(950)
    assert cnn.computed.cpu_us < cnn.computed.cpu_us_high <= 950 * 200 / 190 + 1e-6
    assert cnn.remembered.cpu_us == pytest.approx(1e6 * 0.19 / 800)
    assert cnn.wake.factor == pytest.approx(WAKE.factor)
    assert cnn.wake.cooling_s == pytest.approx(WAKE.cooling_s)
    assert cnn.unloaded_ms == (1.0, 2.0, 9.0)
    assert cnn.node_use == pytest.approx(QUIET)
    assert figures.usable == pytest.approx(1)
    # Nothing was stopped.
    assert figures.wander == 0
    assert figures.loss.inflation(8) == 1


def test_nothing_costs_less_alone_than_in_a_queue(calibration: Calibration) -> None:
    for run in calibration.steady:
        if run.share == LOW:
            run.cpu["service"] = 0.011
    assert wake(calibration, KINDS[0], busy_us=950) == Waking()


def test_the_pace_wanders_by_as_much_as_quotas_stop_pods_for() -> None:
    figures = msgspec.structs.replace(load(), wander=0.15)
    demand, seconds = Demand(1.0, 1.0, "cnn", cpu=0.2, limited=True), 4
    rate = rate_at(0.85, figures, demand, 1)
    steady = []
    for seed in range(24):
        arrivals = poisson(rate, round(seconds * rate), np.random.default_rng(100 + seed))
        played = Model(figures, demand, careful=False).played(arrivals, 1, seed)
        cpu = {"service": float(played.cpu.sum()) / seconds + figures.idle_cores}
        asked = Open(rate, len(arrivals), 0, 1.0, 1.0, 1.0, 1.0, 0.1)
        steady.append(Steady("cnn", HIGH, seconds, asked, cpu, played.stopped, [1.0]))
    calibration = Calibration(here(), 0.2, figures.idle_cores, [], steady)
    assert fitted_wander(calibration, figures) == pytest.approx(0.15, abs=0.04)


def test_a_load_is_the_share_of_their_limit_that_pods_use() -> None:
    figures, demand = load(), Demand(1.0, 1.0, "cnn", cpu=0.2, limited=True)
    rate = rate_at(0.7, figures, demand, 2)
    model = Model(figures, demand, careful=False)
    assert model.utilisation(rate, 2) == pytest.approx(0.7, abs=0.01)


def test_results_are_found_by_their_files_and_the_newest_by_its_date(tmp_path: Path) -> None:
    for minute in (1, 2):
        machine = msgspec.structs.replace(here(), date=f"2026-01-01 00:0{minute} UTC")
        one = Calibration(machine, 0.2, 0.01, [], [])
        (tmp_path / f"calibration-{9 - minute}.json").write_bytes(msgspec.json.encode(one))
    found = read(tmp_path, "calibration-*.json", Calibration)
    assert [file.name for file in found] == ["calibration-7.json", "calibration-8.json"]
    assert newest(found.values()) is found[tmp_path / "calibration-7.json"]
    assert newest([]) is None


def test_one_run_has_no_band() -> None:
    found = cost([saturated("cnn", 200, cached=False)], 0.0)
    assert found.cpu_us == found.cpu_us_high


def run(p99: float, model: float = 0.0, at_pace: float = 0.0, **cpu: float) -> Run:
    return Run(1, opened(100, p99), cpu, 0.0, model, at_pace_ms=at_pace)


def test_the_verdict_counts_what_the_model_missed_and_promised_too_much() -> None:
    near = Check(1, 0.5, 10, [run(10.0, 11.0, 11.0)], careful_ms=12.0)
    far = Check(1, 0.8, 10, [run(10.0, 5.0, 5.0)], careful_ms=6.0)
    beyond = Check(1, 0.9, 10, [run(10.0, 5.0, 5.0)], careful_ms=60.0)
    said = verdict([near, far, beyond])
    assert "1 of 2 points" in said
    assert "1 of 3." in said


def test_the_middle_of_what_was_measured_is_compared_with_that_of_the_model() -> None:
    point = Check(1, 0.8, 10, [run(2.0, 3.0, 4.0), run(90.0, 2.0, 30.0), run(4.0, 5.0, 2.0)])
    assert point.p99_ms == 4.0
    assert point.error == pytest.approx(3 / 4 - 1)
    assert point.error_at_pace == pytest.approx(0)


def test_what_the_machine_repeats_is_a_share_of_pairs() -> None:
    runs = Check(1, 0.5, 10, [run(1.2), run(1.0), run(2.0)])
    others = Check(1, 0.7, 10, [run(3.5), run(3.0)])
    assert repeated([runs, others]) == 0.5
    assert repeated([]) == 0


def test_what_a_request_cost_in_those_seconds_is_a_multiple_of_what_the_figures_say() -> None:
    figures = load()
    demand = Demand(1.0, 1.0, "cnn", cpu=0.2, limited=True)
    arrivals = np.arange(1, 2001) / 100.0
    slower = Model(figures.at_pace(1.3), demand, careful=False)
    used = float(slower.played(arrivals, 2, seed=0).cpu.mean())
    pace, played = pace_of(used, arrivals, 2, figures, demand)
    assert pace == pytest.approx(1.3, rel=1e-3)
    assert float(played.cpu.mean()) == pytest.approx(used, rel=1e-3)


@pytest.mark.parametrize(("busy", "share"), [(1.1, 0.55), (2.01, 0.99)])
def test_the_model_is_told_how_much_of_the_node_was_in_use(busy: float, share: float) -> None:
    found = on_that_node(Demand(1.0, 1.0, "cnn"), run(1.0, machine=busy), cores=2)
    assert found.node_use == pytest.approx(share)


def test_the_packaged_figures_are_those_of_the_results() -> None:
    packaged = ROOT / "service" / "mnist_api" / "capacity" / "figures.json"
    assert packaged.read_bytes() == (RESULTS / "capacity.json").read_bytes(), "run `make capacity`"
    assert set(load().models) == set(KINDS)
