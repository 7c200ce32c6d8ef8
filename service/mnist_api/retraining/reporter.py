"""A job's sign of life: how far it is, every few seconds, from a thread beside the training."""

import os
import signal
import sys
import threading
import time
from types import TracebackType

from mnist_api.errors import StoreUnavailable
from mnist_api.models.manifest import now
from mnist_api.retraining.jobs import End, Jobs, Progress
from mnist_api.retraining.log_tail import log_tail

_BEAT_SECONDS = 2.0


class Reporter:
    """Reports until it is left; stops the whole process where the job was cancelled."""

    def __init__(self, jobs: Jobs, id_: str, log: int) -> None:
        """Prepare to report of a job whose output is in the file of a descriptor."""
        self._jobs = jobs
        self._id = id_
        self._log = log
        self._started = time.monotonic()
        self._stage, self._share = "starting", 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="reporter", daemon=True)

    def __enter__(self) -> "Reporter":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def reached(self, stage: str, share: float) -> None:
        """Say what is done now, after which share (0 to 1) of the work."""
        self._stage, self._share = stage, share
        print(f"{100 * share:.0f} %: {stage}", flush=True)

    def report(self) -> None:
        """Tell of it now, so that what is told last is not older than how the job ends."""
        try:
            if not self._jobs.report(self._id, self._progress()):
                self._stop()
        except StoreUnavailable as error:
            # It may come back; the result is what must not be lost.
            print(f"not told: {error.message}", file=sys.stderr, flush=True)

    def _beat(self) -> None:
        while True:
            self.report()
            if self._done.wait(_BEAT_SECONDS):
                return

    def _progress(self) -> Progress:
        elapsed = time.monotonic() - self._started
        left = elapsed * (1 - self._share) / self._share if self._share else None
        return Progress(
            percent=round(100 * self._share, 1),
            seconds_left=None if left is None else round(left),
            stage=self._stage,
            beat=time.time(),
            log=log_tail(self._log),
        )

    def _stop(self) -> None:
        by = self._jobs.cancelled_by(self._id)
        self._jobs.end(self._id, End("cancelled", now(), f"cancelled by {by}"))
        # The processes that vary digits too; training itself cannot be asked to stop.
        os.killpg(0, signal.SIGKILL)
