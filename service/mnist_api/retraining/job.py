"""`python -m mnist_api.retraining.job ID --store URL --weights FOLDER`: one training, start to end.

Run by the server or by hand, for a job that was asked for; with `--ask MODEL` instead of an id, as
a schedule does, for one that it asks for itself. It says how it ended exactly once, and
what it adds to the store is a version that the gate promoted, never less than the whole of it.
"""

import argparse
import os
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar, get_args

import msgspec
import numpy as np

from mnist_api.errors import JobRunning, StoreUnavailable
from mnist_api.models.catalog import Model, load_model
from mnist_api.models.manifest import Holdout, now, read_manifest, read_weights
from mnist_api.retraining.gate import Judged, judge
from mnist_api.retraining.jobs import EffortName, End, Job, Jobs
from mnist_api.retraining.log_tail import kept_output
from mnist_api.retraining.reporter import Reporter
from mnist_api.retraining.samples import Samples, SampleSet
from mnist_api.retraining.shadow import Shadows
from mnist_api.retraining.stores import open_store
from mnist_api.retraining.verdict import Verdict
from mnist_api.retraining.versions import Record, Versions
from mnist_api.training.dataset import Digits, Images, Labels
from mnist_api.training.evaluate import in_parts
from mnist_api.training.publish import Made, entry_of
from mnist_api.training.recipes import RECIPES

T = TypeVar("T")
_NICENESS = 10
# Who asks for a job that nobody asked for.
_SCHEDULE = "schedule"
# A result is kept through so long an absence of the store.
_PATIENCE_SECONDS, _RETRY_SECONDS = 600.0, 2.0


def main() -> None:
    """Run the job that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m mnist_api.retraining.job", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?")
    which.add_argument("--ask", metavar="MODEL", help="ask for a training of this model first")
    parser.add_argument("--effort", choices=get_args(EffortName), default="full")
    parser.add_argument("--place", default="", help="the Kubernetes Job that this is, if it asks")
    parser.add_argument("--store", required=True, help="the store's URL")
    parser.add_argument("--weights", type=Path, required=True, help="folder of the built-in models")
    parser.add_argument("--keep-versions", type=int, default=10)
    options = parser.parse_args()
    _step_back()
    # A group of its own, so that cancelling ends all of it and nothing else.
    with suppress(PermissionError):
        os.setsid()
    store = open_store(options.store, make=False)
    jobs = Jobs(store)
    try:
        job = _asked(jobs, options) if options.ask else persist(lambda: jobs.tell(options.id)).job
    except JobRunning as error:
        print(f"not now: {error.message}", flush=True)
        return
    builtin = read_manifest(options.weights).models
    versions = Versions(store, builtin)
    shadows = Shadows(store, versions)
    training = Training(job, versions, shadows, Samples(store, 0), options.weights)
    with kept_output() as log, Reporter(jobs, job.id, log) as reporter:
        try:
            end = training.run(reporter, options.keep_versions)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is how the job ended
            traceback.print_exc()
            end = End("failed", now(), f"{type(error).__name__}: {error}")
        reporter.report()
        persist(lambda: jobs.end(job.id, end))


def _asked(jobs: Jobs, options: argparse.Namespace) -> Job:
    ask = partial(jobs.ask, options.ask, options.effort, _SCHEDULE, options.place)
    return persist(ask)


def _step_back() -> None:
    """Leave the processors to those who serve.

    Who is only nicer is not interrupted when a request comes, but ends its turn of some ms first.
    """
    os.nice(_NICENESS)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


class Training:
    """What a job does between its start and its end."""

    def __init__(
        self, job: Job, versions: Versions, shadows: Shadows, samples: Samples, weights: Path
    ) -> None:
        self._job = job
        self._versions = versions
        self._shadows = shadows
        self._samples = samples
        self._weights = weights

    def run(self, reporter: Reporter, keep_versions: int) -> End:
        """Train, judge and, where the gate promotes, keep the version."""
        # Imported once the first sign of life is given: TensorFlow takes seconds.
        from mnist_api.retraining.learning import EFFORTS, learn  # noqa: PLC0415

        name = self._job.model
        digits = Digits.load(self._weights / "digits.npz")
        samples = persist(self._samples.load)
        taught, held_out = samples.part(held_out=False), samples.part(held_out=True)
        print(f"{len(taught.labels)} samples train, {len(held_out.labels)} judge", flush=True)
        images = np.concatenate([digits.train_images, taught.images])
        labels = np.concatenate([digits.train_labels, taught.labels])
        with tempfile.TemporaryDirectory() as folder:
            effort = EFFORTS[self._job.effort]
            content = learn(name, images, labels, effort, Path(folder), reporter.reached)
        made = Made(content, RECIPES[name].name, len(labels), 0.0, 1)
        candidate = load_model(name, entry_of(name, made), content)
        verdict = self._verdict(candidate, digits, held_out)
        entry = msgspec.structs.replace(
            candidate.entry,
            holdout=Holdout(verdict.holdout.candidate_accuracy, verdict.holdout.images),
        )
        return self._ended(
            content, Record(entry, self._job.id, self._job.by, verdict), keep_versions
        )

    def _verdict(self, candidate: Model, digits: Digits, held_out: SampleSet) -> Verdict:
        active = persist(self._active)

        def judged(images: Images, labels: Labels) -> Judged:
            if not len(labels):
                nothing = np.zeros((0, 10), np.float32)
                return Judged(labels, nothing, nothing)
            answers = (in_parts(model.runtime.predict, images) for model in (active, candidate))
            return Judged(labels, *answers)

        return judge(
            active.entry.version,
            candidate.entry.version,
            judged(digits.holdout_images, digits.holdout_labels),
            judged(held_out.images, held_out.labels),
        )

    def _active(self) -> Model:
        name = self._job.model
        version = self._versions.active_version(name)
        builtin = self._versions.builtin[name]
        if version == builtin.version:
            return load_model(name, builtin, read_weights(self._weights, builtin))
        return self._versions.load(name, version)

    def _ended(self, content: bytes, record: Record, keep_versions: int) -> End:
        verdict, name = record.verdict, self._job.model
        if not verdict.is_promoted:
            return End("refused", now(), "; ".join(verdict.reasons), None, verdict)
        persist(lambda: self._versions.add(name, content, record))
        shadow = persist(lambda: self._shadows.get(name))
        spared = [] if shadow is None else [shadow.version]
        persist(lambda: self._versions.prune(name, keep_versions, spared))
        return End("promoted", now(), "", record.entry.version, verdict)


def persist(call: Callable[[], T]) -> T:
    """Return what a call of the store returns, made again while the store cannot be used.

    Raises:
        StoreUnavailable: it stays so for too long.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return call()
        except StoreUnavailable as error:
            if time.monotonic() > deadline:
                raise
            print(f"again in {_RETRY_SECONDS:g} s: {error.message}", flush=True)
            time.sleep(_RETRY_SECONDS)


if __name__ == "__main__":
    main()
