"""Where the objective counts, and what a run came to."""

from pathlib import Path

import numpy as np
import pytest

from loadtest.autoscaling import GRACE, Run, counted, windows
from loadtest.cluster import counted as predictions_counted
from loadtest.machine import here
from loadtest.records import Records, load


def test_the_first_seconds_after_each_step_do_not_count() -> None:
    seconds = np.array([0, GRACE - 1, GRACE, 99, 100, 100 + GRACE])
    assert counted(seconds, (0, 100)).tolist() == [False, False, True, True, False, True]


def test_a_window_that_a_step_falls_into_does_not_count() -> None:
    times = np.arange(0, 60, 0.01)
    records = np.column_stack([times, np.full(len(times), 3.0), np.ones(len(times))])
    found = windows(records, (12.0,))
    assert [one.counts for one in found][:4] == [True, True, False, False]
    assert found[0].rate == pytest.approx(100)
    assert found[0].p99_ms == 3
    assert all(one.failed == 0 for one in found)


def run(p99_ms: float, failed: int) -> Run:
    return Run(here(), "spike", 10, 60, {}, [], [], 100, failed, p99_ms, failed, 90.0)


def test_one_failure_or_a_slow_answer_breaks_the_objective() -> None:
    assert run(50, 0).kept
    assert not run(50.1, 0).kept
    assert not run(10, 1).kept


def test_records_are_what_was_added_since_the_start(tmp_path: Path) -> None:
    records = Records()
    records.start = 1000.0
    records.add(1000.5, 12.0, is_right=True)
    records.add(1001.0, 80.0, is_right=False)
    records.save(tmp_path / "records.npy")
    assert load(tmp_path / "records.npy").tolist() == [[0.5, 12, 1], [1, 80, 0]]
    assert float(load(tmp_path / "records.start.npy")) == 1000


def test_a_pod_s_predictions_are_summed_over_models_and_digits() -> None:
    page = """\
# TYPE mnist_api_predictions_total counter
mnist_api_predictions_total{digit="3",model="cnn"} 4.0
mnist_api_predictions_total{digit="1",model="mlp"} 2.0
mnist_api_http_requests_total{route="/predict"} 9.0
"""
    assert predictions_counted(page.splitlines()) == 6
