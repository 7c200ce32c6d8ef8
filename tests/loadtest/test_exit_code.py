"""Small real runs: what `make loadtest` does, in both directions."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.loadtest.liar import Liar, lying
from tests.support.server import Server

pytestmark = pytest.mark.alone

ROOT = Path(__file__).resolve().parents[2]
# 400 digits as files and as drawings: what a run asks before anybody else does.
UNLOADED = 800


def load(url: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    small = ["--form", "constant", "--peak", "6", "--length", "4", "--max-p99-ms", "5000"]
    return subprocess.run(
        [sys.executable, "-m", "loadtest", "--url", url, "--results", folder, *small, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_run_that_keeps_its_limits_ends_with_0_and_leaves_html_and_csv(
    server: Server, tmp_path: Path
) -> None:
    run = load(server.url, tmp_path, "--bad", "0.3")
    assert run.returncode == 0, run.stderr
    (folder,) = tmp_path.iterdir()
    assert "<html" in (folder / "report.html").read_text().lower()
    rows = (folder / "run_stats.csv").read_text()
    for name in (
        "draw: finished",
        "cnn: new",
        "cnn: repeated",
        "batch of 16",
        "all models",
        "bad: ",
    ):
        assert name in rows


def test_a_limit_that_cannot_be_kept_ends_the_run_with_1(server: Server, tmp_path: Path) -> None:
    run = load(server.url, tmp_path, "--min-rate", "1000000", "CarelessUser")
    assert run.returncode == 1
    assert "at least 1000000.0 are asked for" in run.stderr


def test_a_service_that_answers_wrongly_under_load_ends_the_run_with_1(
    server: Server, tmp_path: Path
) -> None:
    with lying(Liar(server.url, truths=UNLOADED, every=10)) as url:
        run = load(url, tmp_path)
    assert run.returncode == 1
    assert "requests failed" in run.stderr
    assert "unloaded" in run.stdout + run.stderr


def test_a_service_that_is_wrong_from_the_start_is_not_loaded_at_all(
    server: Server, tmp_path: Path
) -> None:
    with lying(Liar(server.url, truths=0, every=2)) as url:
        run = load(url, tmp_path)
    assert run.returncode == 1
    assert "no load test of this service" in run.stderr
