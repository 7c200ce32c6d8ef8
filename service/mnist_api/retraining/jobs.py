"""Trainings: who asked, how far they are, how they ended. All of it in the store, nothing lost.

A job is four objects, each with one writer or one chance: `job` (asked for), `progress` (replaced
by its process every few seconds), `cancel`, and `end`, which is created once: whoever comes first
says how it ended, the process itself or somebody who found that it is no more.
"""

import re
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from mnist_api.errors import JobNotFound, JobRunning
from mnist_api.models.manifest import now
from mnist_api.retraining.audit import Audit
from mnist_api.retraining.stores import ObjectStore, read_all
from mnist_api.retraining.verdict import Verdict

EffortName = Literal["full", "quick"]
EndState = Literal["promoted", "refused", "failed", "cancelled"]

# A process that shows no sign of life for so long is gone: a store may be out of reach for a minute
# meanwhile. Replicas' clocks must agree to much less.
LOST_SECONDS = 90.0
_KEPT = 100
_PREFIX, _LEASES = "jobs/", "leases/"
_ID = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f]{8}")


class Job(msgspec.Struct, frozen=True):
    """What was asked for."""

    id: str
    model: str
    effort: EffortName
    by: str
    created: str
    beat: float
    """When, in seconds since 1970; the first sign of life."""
    place: str = ""
    """The Kubernetes Job in which it runs, where that was not named after it."""


class Progress(msgspec.Struct, frozen=True):
    """What its process says of itself."""

    percent: float
    seconds_left: float | None
    stage: str
    beat: float
    log: Sequence[str]


class End(msgspec.Struct, frozen=True):
    """How it ended."""

    state: EndState
    at: str
    reason: str = ""
    version: str | None = None
    verdict: Verdict | None = None


class Story(msgspec.Struct, frozen=True):
    """All that is known of a job."""

    job: Job
    progress: Progress | None
    end: End | None

    @property
    def beat(self) -> float:
        """The last sign of life."""
        return self.job.beat if self.progress is None else self.progress.beat


class Seen(NamedTuple):
    """What somebody who can look at a job's process finds."""

    is_there: bool
    """It runs, or waits for a place to run."""
    how_it_ended: str = ""


# None: it cannot be told; then only the process's own signs of life count.
Witness = Callable[[Job], Seen | None]


class Jobs:
    """The jobs of a store; at most one of them runs. Calls block."""

    def __init__(
        self,
        store: ObjectStore,
        clock: Callable[[], float] = time.time,
        witness: Witness | None = None,
    ) -> None:
        """Look after the jobs of a store.

        Args:
            store: where they are.
            clock: seconds since 1970.
            witness: who can look at a job's process, where anybody can.
        """
        self._store = store
        self._audit = Audit(store)
        self._clock = clock
        self._witness = witness

    def ask(self, model: str, effort: EffortName, by: str, place: str = "") -> Job:
        """Create a job, for the caller to start.

        Args:
            model: what to train.
            effort: how thoroughly.
            by: who asks.
            place: the Kubernetes Job in which the caller itself will run it.

        Raises:
            JobRunning: another one runs, of whichever model.
        """
        asked = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        id_ = f"{asked}-{secrets.token_hex(4)}"
        job = Job(id_, model, effort, by, now(), self._clock(), place)
        self._store.put(_key(id_, "job"), msgspec.json.encode(job))
        try:
            self._take_lease(id_)
        except JobRunning:
            self._store.delete(_key(id_, "job"))
            raise
        self._forget_old()
        self._audit.note(by, "retrain", id_, f"{effort} training of {model} begins")
        return job

    def tell(self, id_: str) -> Story:
        """Return what is known of a job; one whose process is gone is ended first.

        Raises:
            JobNotFound: there is none of that id.
        """
        if not _ID.fullmatch(id_):
            raise JobNotFound(f"there is no job {id_[:64]!r}")
        return self._told(id_, read_all(self._store, self._store.keys(f"{_PREFIX}{id_}/")))

    def tell_all(self) -> Sequence[Story]:
        """Return all jobs, oldest first."""
        found = read_all(self._store, self._store.keys(_PREFIX))
        ids = sorted({key.split("/")[1] for key in found})
        return [self._told(id_, found) for id_ in ids if _key(id_, "job") in found]

    def report(self, id_: str, progress: Progress) -> bool:
        """Say how far a job is; False where it is to stop, as it was cancelled or ended."""
        self._store.put(_key(id_, "progress"), msgspec.json.encode(progress))
        others = self._store.keys(f"{_PREFIX}{id_}/")
        return not {_key(id_, "cancel"), _key(id_, "end")} & set(others)

    def end(self, id_: str, end: End) -> bool:
        """Say how a job ended; False where that was said before."""
        is_first = self._store.put_new(_key(id_, "end"), msgspec.json.encode(end))
        if is_first:
            by = self.tell(id_).job.by
            outcome = f"{end.state}: {end.reason}" if end.reason else end.state
            active = None if end.verdict is None else end.verdict.active
            self._audit.note(by, "end of job", id_, outcome, active, end.version)
        return is_first

    def cancel(self, id_: str, by: str) -> Story:
        """Ask a job to stop, which it does within seconds; one that ended stays as it is."""
        if self.tell(id_).end is None:
            self._store.put_new(_key(id_, "cancel"), by.encode())
            self._audit.note(by, "cancel", id_, "asked to stop")
        return self.tell(id_)

    def cancelled_by(self, id_: str) -> str | None:
        """Return who cancelled a job."""
        by = self._store.get(_key(id_, "cancel"))
        return None if by is None else by.decode()

    def _told(self, id_: str, found: dict[str, bytes]) -> Story:
        asked = found.get(_key(id_, "job"))
        if asked is None:
            raise JobNotFound(f"there is no job {id_[:64]!r}")
        progress, end = found.get(_key(id_, "progress")), found.get(_key(id_, "end"))
        story = Story(
            msgspec.json.decode(asked, type=Job),
            None if progress is None else msgspec.json.decode(progress, type=Progress),
            None if end is None else msgspec.json.decode(end, type=End),
        )
        if story.end is None and (reason := self._why_lost(story)):
            return self._lost(story, reason)
        return story

    def _why_lost(self, story: Story) -> str:
        seen = None if self._witness is None else self._witness(story.job)
        if seen is not None:
            return "" if seen.is_there else seen.how_it_ended
        is_silent = self._clock() > story.beat + LOST_SECONDS
        return f"its process gave no sign of life for {LOST_SECONDS:g} s" if is_silent else ""

    def _lost(self, story: Story, reason: str) -> Story:
        by = self.cancelled_by(story.job.id)
        self.end(story.job.id, End("cancelled" if by else "failed", now(), reason))
        end = self._store.get(_key(story.job.id, "end"))
        assert end is not None, "an end is never removed before its job"  # noqa: S101
        return msgspec.structs.replace(story, end=msgspec.json.decode(end, type=End))

    def _take_lease(self, id_: str) -> None:
        """Become the job that runs: the next lease is created once, whoever wants it."""
        leases = self._store.keys(_LEASES)
        holder = self._store.get(leases[-1]) if leases else None
        if holder is not None:
            self._check_ended(holder.decode())
        number = int(leases[-1].removeprefix(_LEASES)) + 1 if leases else 0
        if not self._store.put_new(f"{_LEASES}{number:08}", id_.encode()):
            raise JobRunning("another job was started at the same moment")
        for lease in leases:
            self._store.delete(lease)

    def _check_ended(self, holder: str) -> None:
        try:
            story = self.tell(holder)
        except JobNotFound:
            return
        if story.end is None:
            raise JobRunning(f"job {holder} trains {story.job.model}; wait for it or cancel it")

    def _forget_old(self) -> None:
        keys = self._store.keys(_PREFIX)
        old = sorted({key.split("/")[1] for key in keys})[:-_KEPT]
        for key in keys:
            if key.split("/")[1] in old:
                self._store.delete(key)


def _key(id_: str, part: str) -> str:
    return f"{_PREFIX}{id_}/{part}"
