"""What a job says of itself between its beats."""

from pathlib import Path

from mnist_api.retraining.jobs import Jobs
from mnist_api.retraining.reporter import Reporter
from mnist_api.retraining.stores import ObjectStore


def test_what_was_reached_last_is_told_without_waiting_for_a_beat(
    store: ObjectStore, tmp_path: Path
) -> None:
    jobs = Jobs(store)
    job = jobs.ask("svm", "quick", "ann")
    with (tmp_path / "log").open("w+b") as log:
        log.write(b"100 %: judging\n")
        log.flush()
        reporter = Reporter(jobs, job.id, log.fileno())
        reporter.reached("judging", 1.0)
        reporter.report()
    told = jobs.tell(job.id).progress
    assert told is not None
    assert (told.percent, told.stage, told.log) == (100.0, "judging", ["100 %: judging"])
