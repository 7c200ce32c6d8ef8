import numpy as np

from mnist_api.retraining.audit import Audit, Entry
from mnist_api.retraining.jobs import End, Jobs
from mnist_api.retraining.samples import Samples
from mnist_api.retraining.stores import ObjectStore
from mnist_api.retraining.versions import Versions
from tests.support.versions import builtin


def log(store: ObjectStore) -> list[Entry]:
    audit = Audit(store)
    return list(audit.entries(audit.names()))


def test_lines_are_kept_in_order_and_each_once(store: ObjectStore) -> None:
    for number in range(20):
        Audit(store).note("ann", "activate", "svm", str(number))
    assert [entry.outcome for entry in log(store)] == [str(number) for number in range(20)]


def test_whatever_changes_something_is_noted(store: ObjectStore) -> None:
    samples, jobs, versions = Samples(store, 9), Jobs(store), Versions(store, builtin())
    sample, _ = samples.add(np.ones((28, 28), np.uint8), 3, "ann")
    samples.remove(sample.id, "bob")
    job = jobs.ask("svm", "quick", "ann")
    jobs.cancel(job.id, "bob")
    jobs.end(job.id, End("cancelled", "now", "cancelled by bob"))
    jobs.end(job.id, End("failed", "now"))
    versions.activate("svm", builtin()["svm"].version, "ann")
    said = [(entry.by, entry.action, entry.subject, entry.outcome) for entry in log(store)]
    assert said == [
        ("bob", "remove sample", sample.id, "it was labelled 3"),
        ("ann", "retrain", job.id, "quick training of svm begins"),
        ("bob", "cancel", job.id, "asked to stop"),
        ("ann", "end of job", job.id, "cancelled: cancelled by bob"),
        ("ann", "activate", "svm", "done"),
    ]
