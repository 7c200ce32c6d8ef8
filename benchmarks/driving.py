"""The drivers: wrk, which sends when it has its answer, and vegeta, which sends when it is time.

A closed loop (wrk) finds how much the service can do. Only an open loop (vegeta) shows overload: it
keeps its pace whatever the service answers, and times each request from when it was due.
"""

import csv
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving import on_driver_core

VEGETA = Path(__file__).resolve().parents[1] / "loadtest" / ".bin" / "vegeta"
# Vegeta drops requests that are due while all its workers wait: never let it come to that.
_WORKERS = 256


@dataclass(frozen=True)
class ClosedLoop:
    """What wrk saw."""

    rate: float
    p99: float
    failed: int


def closed_loop(url: str, script: Path, seconds: float, connections: int) -> ClosedLoop:
    """Send as fast as answers come; anything but a 2xx or 3xx counts as failed."""
    command = ("wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "-s", str(script), url)
    output = subprocess.run(
        on_driver_core(command), check=True, capture_output=True, text=True
    ).stdout
    summary = json.loads(output.strip().splitlines()[-1])
    return ClosedLoop(
        summary["answers"] / summary["microseconds"] * 1e6, summary["p99"] / 1e6, summary["errors"]
    )


@dataclass(frozen=True)
class Answers:
    """What came of each request, in the order they were sent."""

    sent: NDArray[np.float64]
    """When each was sent, seconds since 1970."""
    latency: NDArray[np.float64]
    """Seconds from then to the whole answer."""
    status: NDArray[np.int64]
    """HTTP status; 0 where there was no answer in time."""
    driver_load: float = 0.0
    """Cores that the driver used: where it has no more, it is the bottleneck itself."""

    def __len__(self) -> int:
        return len(self.sent)

    def between(self, start: float, end: float) -> "Answers":
        """Return those sent from `start` until before `end`."""
        return self._where((self.sent >= start) & (self.sent < end))

    def joined(self, other: "Answers") -> "Answers":
        """Return these and the others, in no order."""
        return Answers(
            np.concatenate([self.sent, other.sent]),
            np.concatenate([self.latency, other.latency]),
            np.concatenate([self.status, other.status]),
        )

    @property
    def good(self) -> NDArray[np.bool_]:
        """Whether each was answered with 200."""
        is_good: NDArray[np.bool_] = self.status == 200
        return is_good

    def p99(self) -> float:
        """Return the 99th percentile of the latency of the good ones, in seconds."""
        return float(np.percentile(self.latency[self.good], 99)) if self.good.any() else np.inf

    def middle_p99(self) -> float:
        """Return the p99 of the middle second: a stop of the machine is in one of them."""
        second = (self.sent - self.sent.min()).astype(int)
        parts = (self._where(second == number) for number in range(max(second.max(), 1)))
        return float(np.median([part.p99() for part in parts]))

    def _where(self, chosen: NDArray[np.bool_]) -> "Answers":
        return Answers(
            self.sent[chosen], self.latency[chosen], self.status[chosen], self.driver_load
        )

    def failures(self) -> int:
        """Return how many got no answer, or one that says that the service failed."""
        return int(((self.status == 0) | (self.status >= 500)).sum())

    def count(self, *statuses: int) -> int:
        """Return how many were answered so."""
        return int(np.isin(self.status, statuses).sum())


class Attack:
    """An open loop in the background."""

    def __init__(
        self, targets: Path, rate: float, seconds: float, *, timeout: float, connections: int
    ) -> None:
        self._output = targets.with_suffix(f".{time.monotonic_ns()}.bin")
        command = (
            *(str(VEGETA), "attack", "-format=json", f"-targets={targets}"),
            # Requests in so many seconds, because a rate must be a whole number.
            *(f"-rate={round(rate * 10)}/10s", f"-duration={seconds:.3f}s"),
            *(f"-timeout={timeout}s", f"-workers={_WORKERS}", "-http2=false"),
            *(f"-max-connections={connections}", f"-connections={connections}", "-max-body=0"),
            f"-output={self._output}",
        )
        if not VEGETA.exists():
            raise FileNotFoundError("vegeta is missing: make loadtest/.bin/vegeta")
        self._process = subprocess.Popen(on_driver_core(command))
        self._begun = time.monotonic()

    def wait(self) -> Answers:
        """Return the answers when the last is there."""
        _, status, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        load = (usage.ru_utime + usage.ru_stime) / (time.monotonic() - self._begun)
        if self._process.returncode:
            raise RuntimeError(f"vegeta ended with {self._process.returncode}")
        encode = (str(VEGETA), "encode", "-to=csv", str(self._output))
        with subprocess.Popen(on_driver_core(encode), stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdout is not None  # noqa: S101
            answers = _read(reader.stdout, load)
        self._output.unlink()
        return answers


def _read(lines: IO[str], load: float) -> Answers:
    # The columns: time sent in ns, status, latency in ns, and nine that say nothing here.
    rows = np.array([[int(cell) for cell in row[:3]] for row in csv.reader(lines)], np.int64)
    rows = rows[rows[:, 0].argsort()]
    return Answers(rows[:, 0] / 1e9, rows[:, 2] / 1e9, rows[:, 1], load)
