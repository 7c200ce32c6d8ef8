"""The page from results: the committed ones, and small ones made here."""

from pathlib import Path

import msgspec
import pytest

from loadtest import autoscaling
from loadtest.ab.results import CONCURRENCIES, PAIR, Point
from loadtest.ab.results import Study as Ab
from loadtest.drive import Open
from loadtest.machine import Machine, here
from loadtest.peers.results import Footprint, Row
from loadtest.peers.results import Study as Peers
from loadtest.report import page
from loadtest.scaling import Point as ScalingPoint
from loadtest.scaling import Study as Scaling
from loadtest.usl import fit
from mnist_api.capacity.figures import Cost, Figures, Loss, ModelFigures
from mnist_api.capacity.queueing import Waking

ROOT = Path(__file__).resolve().parents[2]
OURS, OLD = PAIR


def at(p99: float) -> Open:
    return Open(100, 300, 0, 1.0, p99, p99, p99, 0.1)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    machine: Machine = here()
    peers = Peers(
        machine,
        2.0,
        200,
        [
            Row(OURS, "cnn", 0.985, [4000.0, 4200.0, 3900.0], 0, {OLD: at(2)}),
            Row(OLD, "cnn", 0.985, [20.0, 20.0, 15.0], 1, {OLD: at(90)}),
        ],
        [Footprint(OURS, 0.5, 60, 160), Footprint(OLD, 8.0, 600, 2100)],
        [],
    )
    points = [
        Point(name, "mlp", keep, concurrency, rate, 0)
        for name, rate in ((OURS, 6000.0), (OLD, 20.0))
        for keep in (True, False)
        for concurrency in CONCURRENCIES
    ]
    for name, study in (("peers", peers), ("ab", Ab(machine, 1, points, []))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_bytes(msgspec.json.encode(study))
    return tmp_path


def test_the_page_has_the_ratios_of_one_run(results: Path) -> None:
    text = page(results, results)
    assert "| 210.00 | 100 | 90.0 | 2.0 | 45.00 | 1 |" in text
    assert "**mlp**: 300 times" in text
    assert "| Flask + Keras (2018) | 600 | 8.0 | 2100 |" in text


def test_the_page_says_where_and_of_what_it_was_measured(results: Path) -> None:
    text, machine = page(results, results), here()
    for word in (machine.commit, machine.processor, f"falcon {machine.versions['falcon']}"):
        assert word in text


def test_the_same_results_make_the_same_page_and_pictures(results: Path) -> None:
    first, picture = page(results, results), (results / "peers.svg").read_bytes()
    assert page(results, results) == first
    assert (results / "peers.svg").read_bytes() == picture


def test_pictures_have_no_background_and_name_their_units(results: Path) -> None:
    page(results, results)
    picture = (results / "peers.svg").read_text()
    assert "requests/s per requests/s" in picture
    assert "fill: #ffffff" not in picture


def scaling() -> Scaling:
    others = {"generator": 0.1, "machine": 1.0, "stolen": 0.0}
    points = [
        ScalingPoint(
            count,
            100.0 * count + noise,
            0,
            {"service": 0.1 * count, **others},
            0.9,
            at(80),
            0.6,
        )
        for count in (1, 2, 4)
        for noise in (0.0, 1.0)
    ]
    study = Scaling(here(), "cluster", "cnn", 0.1, 3.0, points)
    study.fit = fit(study.rates())
    return study


def hpa() -> autoscaling.Run:
    looks = [autoscaling.Look(3.0 * number, 2 + number, 2, 70) for number in range(5)]
    windows = [autoscaling.Window(5.0 * number, 100, 0, 9.0, number > 1) for number in range(4)]
    return autoscaling.Run(
        here(), "spike", 24, 20, autoscaling.VALUES, looks, windows, 2000, 3, 9.0, 0, 99.0
    )


def test_replicas_and_the_autoscaler_have_tables_and_pictures(tmp_path: Path) -> None:
    for name, found in (("scaling", scaling()), ("autoscaling", hpa())):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_bytes(msgspec.json.encode(found))
    text = page(tmp_path, tmp_path)
    assert "| 4 | 400 | 400 401 | 1.00 | 999 | 80.0 |" in text
    assert "at least 0.9 up to N = 4. At N = 4 the service got 100% of" in text
    assert "alpha " in text
    assert "| spike | 24 | 20 | 2000 | 100 | 2 to 2 | 9.0 | 0 | 0 of 2 | 99.0 | 3 | yes |" in text
    for picture, words in (
        ("scaling-cluster-cnn.svg", ("requests/s", "95 %")),
        ("autoscaling-spike.svg", ("replicas", "p99, ms", "seconds")),
    ):
        content = (tmp_path / picture).read_text()
        assert all(word in content for word in words)


def test_the_capacity_model_s_figures_lead_to_a_million_requests_a_second(tmp_path: Path) -> None:
    known = ModelFigures(Cost(500, 520), Cost(100, 110), Waking(1.3), (2.0,) * 11, 0.2)
    figures = Figures(
        {"date": "today", "commit": "abc", "processor": "made up"},
        {"cnn": known},
        0.99,
        0.01,
        0.1,
        80.0,
        Loss(0.0, 0.0, 8),
        0.1,
    )
    (tmp_path / "capacity.json").write_bytes(msgspec.json.encode(figures))
    text = page(tmp_path, tmp_path)
    assert "| cnn | 500 (520) | 100 (110) | 1.30 | 0.0 | 2.0 | 20% |" in text
    assert "80 cores of nginx, before any growth, at 80 us a request" in " ".join(text.split())


def test_the_committed_page_is_the_one_that_the_committed_results_make() -> None:
    (results,) = (ROOT / "loadtest" / "results").glob("[0-9]*")
    pictures = {file: file.read_bytes() for file in results.glob("*.svg")}
    try:
        made = page(results, ROOT / "docs")
    finally:
        for file, content in pictures.items():
            file.write_bytes(content)
    assert (ROOT / "docs" / "performance.md").read_text() == made, "run `make report`"
