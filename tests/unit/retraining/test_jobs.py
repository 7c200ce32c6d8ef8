import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mnist_api.errors import JobNotFound, JobRunning, TrainingUnavailable
from mnist_api.retraining import runner
from mnist_api.retraining.jobs import LOST_SECONDS, End, Jobs, Progress
from mnist_api.retraining.log_tail import log_tail
from mnist_api.retraining.runner import LocalRunner
from mnist_api.retraining.stores import ObjectStore, open_store
from tests.conftest import WEIGHTS


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(store: ObjectStore, clock: Clock) -> Jobs:
    return Jobs(store, clock)


def progress(beat: float) -> Progress:
    return Progress(50.0, 10, "fitting", beat, ["50 %: fitting"])


def test_a_job_is_told_from_its_start_to_its_end(jobs: Jobs) -> None:
    job = jobs.ask("svm", "full", "ann")
    assert jobs.tell(job.id).job == job
    assert jobs.report(job.id, progress(1002))
    assert jobs.tell(job.id).progress == progress(1002)
    assert jobs.end(job.id, End("promoted", "now", version="abc"))
    assert jobs.tell(job.id).end == End("promoted", "now", version="abc")


def test_one_runs_at_a_time(jobs: Jobs) -> None:
    first = jobs.ask("svm", "full", "ann")
    with pytest.raises(JobRunning, match=f"job {first.id} trains svm"):
        jobs.ask("cnn", "full", "bob")
    assert [story.job.id for story in jobs.tell_all()] == [first.id]
    jobs.end(first.id, End("refused", "now"))
    assert jobs.ask("cnn", "full", "bob").id > first.id[:15]


def test_of_many_who_ask_at_once_one_is_served(jobs: Jobs) -> None:
    def ask(_: int) -> bool:
        try:
            jobs.ask("svm", "full", "ann")
        except JobRunning:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(16))).count(True) == 1
    assert len(jobs.tell_all()) == 1


def test_a_job_without_a_sign_of_life_is_ended_by_whoever_looks(jobs: Jobs, clock: Clock) -> None:
    job = jobs.ask("svm", "full", "ann")
    jobs.report(job.id, progress(1500))
    clock.now = 1500 + LOST_SECONDS
    assert jobs.tell(job.id).end is None
    clock.now += 1
    [story] = jobs.tell_all()
    assert story.end is not None
    assert story.end.state == "failed"
    assert "no sign of life" in story.end.reason
    assert jobs.ask("svm", "full", "bob")


def test_a_job_that_comes_back_from_the_dead_is_told_to_stop(jobs: Jobs, clock: Clock) -> None:
    job = jobs.ask("svm", "full", "ann")
    clock.now += LOST_SECONDS + 1
    jobs.tell(job.id)
    assert not jobs.report(job.id, progress(clock.now))
    assert not jobs.end(job.id, End("promoted", "now"))
    end = jobs.tell(job.id).end
    assert end is not None
    assert end.state == "failed"


def test_a_cancelled_job_is_told_to_stop(jobs: Jobs, clock: Clock) -> None:
    job = jobs.ask("svm", "full", "ann")
    assert jobs.cancel(job.id, "bob").end is None
    assert jobs.cancelled_by(job.id) == "bob"
    assert not jobs.report(job.id, progress(1001))
    clock.now += 2 * LOST_SECONDS
    end = jobs.tell(job.id).end
    assert end is not None
    assert end.state == "cancelled"
    assert jobs.cancel(job.id, "bob").end == end


@pytest.mark.parametrize(
    "id_", ["", "x", "../samples", "20261125T000000000000-00000000", "a" * 5000]
)
def test_what_is_no_job_is_not_told(jobs: Jobs, id_: str) -> None:
    with pytest.raises(JobNotFound):
        jobs.tell(id_)
    with pytest.raises(JobNotFound):
        jobs.cancel(id_, "ann")


def test_only_so_many_old_jobs_are_kept(
    jobs: Jobs, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_api.retraining.jobs._KEPT", 3)
    for _ in range(6):
        jobs.end(jobs.ask("svm", "full", "ann").id, End("refused", "now"))
    assert len(jobs.tell_all()) == 3
    assert len(store.keys("leases/")) == 1


def test_the_last_lines_of_a_log_are_those_one_would_see(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"first\n\n 10 %\r 50 %\r 99 %\nlast\xff" + b"x" * 300)
    with path.open("rb") as file:
        first, bar, last = log_tail(file.fileno())
    assert (first, bar) == ("first", " 99 %")
    assert len(last) == 200
    path.write_text("\n".join(str(number) for number in range(9999)))
    with path.open("rb") as file:
        assert log_tail(file.fileno())[-2:] == ["9997", "9998"]


def test_what_goes_into_a_pipe_is_shown_there_and_kept_to_be_told() -> None:
    program = """
import os, subprocess, sys
from mnist_api.retraining.log_tail import kept_output, log_tail
with kept_output() as log:
    print("10 %: fitting", flush=True)
    subprocess.run(["echo", "from a child"], check=True)
    while len(told := log_tail(log)) < 2:
        pass
    print("last")
assert list(told) == ["10 %: fitting", "from a child"], told
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert run.stdout.splitlines() == ["10 %: fitting", "from a child", "last"]


def test_a_schedule_does_not_disturb_a_training_that_runs(
    store: ObjectStore, tmp_path: Path
) -> None:
    running = Jobs(store).ask("cnn", "full", "ann")
    command = [sys.executable, "-m", "mnist_api.retraining.job", "--ask", "svm"]
    places = ["--store", f"file://{tmp_path}/store", "--weights", str(WEIGHTS)]
    run = subprocess.run(
        [*command, *places], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.startswith(f"not now: job {running.id} trains cnn")
    assert [story.job for story in Jobs(store).tell_all()] == [running]


def test_without_what_trains_nothing_is_started(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = LocalRunner(jobs, f"file://{tmp_path}", tmp_path, 1)
    with pytest.raises(TrainingUnavailable, match=r"digits\.npz"):
        local.check()
    monkeypatch.setattr(runner, "find_spec", lambda _: None)
    with pytest.raises(TrainingUnavailable, match="tensorflow, sklearn, scipy is not installed"):
        local.check()


def test_a_machine_without_room_for_a_process_is_told(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(runner.subprocess, "Popen", fail)
    job = jobs.ask("svm", "full", "ann")
    with pytest.raises(TrainingUnavailable, match="Cannot allocate memory"):
        LocalRunner(jobs, f"file://{tmp_path}", tmp_path, 1).start(job)
    end = jobs.tell(job.id).end
    assert end is not None
    assert end.state == "failed"


def test_a_process_that_ends_without_a_word_ends_its_job(jobs: Jobs, tmp_path: Path) -> None:
    job = jobs.ask("svm", "full", "ann")
    # A store that knows no such job.
    open_store(f"file://{tmp_path}/other")
    LocalRunner(jobs, f"file://{tmp_path}/other", tmp_path, 1).start(job)
    deadline = time.monotonic() + 60
    while (end := jobs.tell(job.id).end) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert end.state == "failed"
    assert "exit code 1: " in end.reason
