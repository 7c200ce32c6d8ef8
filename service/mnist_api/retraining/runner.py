"""Starts a job as a process of this machine, and notices its end."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Protocol

from mnist_api.errors import StoreUnavailable, TrainingUnavailable
from mnist_api.logs import LOGGER
from mnist_api.models.manifest import now
from mnist_api.retraining.jobs import End, EndState, Job, Jobs
from mnist_api.retraining.log_tail import log_tail

_NEEDED = ("tensorflow", "sklearn", "scipy")
# A job needs no token, and its process is none of the server's whose metrics are added up.
_KEPT_FROM_JOBS = ("MNIST_API_TOKEN", "MNIST_API_TOKEN_FILE", "PROMETHEUS_MULTIPROC_DIR")


class Runner(Protocol):
    """What runs jobs. Calls block."""

    jobs: Jobs
    """Tells of them, and of those whose process this runner can look at, more."""

    def check(self) -> None:
        """Make sure that jobs can run.

        Raises:
            TrainingUnavailable, ClusterUnavailable: they cannot.
        """
        ...

    def start(self, job: Job) -> None:
        """Start a job's process.

        Raises:
            TrainingUnavailable, ClusterUnavailable: it cannot be started, and has ended.
        """
        ...

    def stop(self, job: Job, by: str) -> None:
        """Do what is needed for a cancelled job to end, beyond what its process sees itself."""
        ...


class LocalRunner:
    """Runs jobs beside the server, in sessions of their own: they outlive a worker."""

    def __init__(self, jobs: Jobs, store: str, weights: Path, keep_versions: int) -> None:
        """Prepare to start jobs.

        Args:
            jobs: where ends are told.
            store: the store's URL.
            weights: the folder with the built-in models and `digits.npz`.
            keep_versions: how many a job leaves when it adds one.
        """
        self.jobs = jobs
        self._arguments = [
            "--store", store, "--weights", str(weights), "--keep-versions", str(keep_versions),
        ]  # fmt: skip
        self._digits = weights / "digits.npz"

    def check(self) -> None:
        """Make sure that jobs can run here.

        Raises:
            TrainingUnavailable: the extra `train` or the digits are missing.
        """
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing:
            raise TrainingUnavailable(
                f"{', '.join(missing)} is not installed here: pip install 'mnist-api[train]'"
            )
        if not self._digits.exists():
            raise TrainingUnavailable("the digits to train on, digits.npz, are not here")

    def start(self, job: Job) -> None:
        """Start a job's process.

        Raises:
            TrainingUnavailable: the machine has no room for one.
        """
        try:
            self._start(job)
        except OSError as error:
            reason = f"no process can be started: {error.strerror}"
            self.jobs.end(job.id, End("failed", now(), reason))
            raise TrainingUnavailable(reason) from error

    def stop(self, job: Job, by: str) -> None:
        """Do nothing: a job's process looks every other second whether it was cancelled."""

    def _start(self, job: Job) -> None:
        environ = {name: value for name, value in os.environ.items() if name not in _KEPT_FROM_JOBS}
        command = [sys.executable, "-m", "mnist_api.retraining.job", job.id, *self._arguments]
        # A file and no pipe: nobody need read it, so a job outlives who started it.
        output = tempfile.TemporaryFile()  # noqa: SIM115 - the waiting thread closes it
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module, and an id of our own making
                command,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError:
            output.close()
            raise
        threading.Thread(
            target=self._wait, args=(job, process, output), name=job.id, daemon=True
        ).start()

    def _wait(self, job: Job, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        """Tell of a process that ended without a word, such as one that was killed."""
        with output:
            code = process.wait()
            reason = _reason(code, log_tail(output.fileno()))
        state: EndState = "cancelled" if self._was_cancelled(job) else "failed"
        try:
            self.jobs.end(job.id, End(state, now(), reason))
        except StoreUnavailable as error:
            # Whoever looks at the job later finds that it gives no sign of life.
            LOGGER.error("a job's end is not told", extra={"fields": {"reason": error.message}})

    def _was_cancelled(self, job: Job) -> bool:
        try:
            return self.jobs.cancelled_by(job.id) is not None
        except StoreUnavailable:
            return False


def _reason(code: int, log: Sequence[str]) -> str:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"its process ended with {how}" + (f": {log[-1]}" if log else "")
