"""The page from results: the committed ones, and small ones made here."""

from pathlib import Path

import msgspec
import pytest

from loadtest.ab.results import CONCURRENCIES, PAIR, Point
from loadtest.ab.results import Study as Ab
from loadtest.drive import Open
from loadtest.machine import Machine, here
from loadtest.peers.results import Footprint, Row
from loadtest.peers.results import Study as Peers
from loadtest.report import page

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


def test_the_committed_page_is_the_one_that_the_committed_results_make() -> None:
    (results,) = (ROOT / "loadtest" / "results").glob("[0-9]*")
    pictures = {file: file.read_bytes() for file in results.glob("*.svg")}
    try:
        made = page(results, ROOT / "docs")
    finally:
        for file, content in pictures.items():
            file.write_bytes(content)
    assert (ROOT / "docs" / "performance.md").read_text() == made, "run `make report`"
