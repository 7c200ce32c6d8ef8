"""Load through the ingress, by wrk: every failure that a client would see is counted."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chart.helm import CHART

SCRIPT = Path(__file__).with_name("load.lua")
BODY = CHART / "files" / "three.json"


@dataclass(frozen=True)
class Outcome:
    """What the clients met."""

    requests: int
    seconds: float
    wrong: int
    connect: int
    read: int
    write: int
    timeout: int
    # Microseconds, and how many answers took so long.
    latencies: list[tuple[int, int]] = field(repr=False)

    @property
    def failures(self) -> int:
        """Answers that were not the right one, and connections that failed."""
        return self.wrong + self.connect + self.read + self.write + self.timeout


class Load:
    """A running load; `outcome` is there once it was stopped."""

    def __init__(self, url: str, host: str, connections: int, pause_ms: int) -> None:
        wrk = shutil.which("wrk")
        assert wrk is not None, "wrk is missing: apt-get install wrk"
        self._process = subprocess.Popen(
            [
                wrk,
                "-t1",
                f"-c{connections}",
                "-d1h",
                "--timeout=10s",
                "-s",
                SCRIPT,
                f"{url}/predict/",
            ],
            env={
                **os.environ,
                "LOAD_BODY": str(BODY),
                "LOAD_HOST": host,
                "LOAD_PAUSE_MS": str(pause_ms),
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started = time.monotonic()

    def stop(self) -> Outcome:
        """End the load and return what it met."""
        self._process.send_signal(signal.SIGINT)
        output = self._process.communicate(timeout=30)[0]
        outcome = Outcome(**json.loads(output.strip().splitlines()[-1]))
        print(outcome)
        return outcome

    def ensure_ended(self) -> None:
        """End the load where a test failed before it stopped it."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@contextmanager
def load(url: str, host: str, connections: int = 8, pause_ms: int = 20) -> Iterator[Load]:
    """Ask for predictions for as long as the block runs.

    Args:
        url: the ingress.
        host: the name it is asked for.
        connections: each asks the next as soon as it has its answer and has paused.
        pause_ms: pause between two requests of one connection.
    """
    running = Load(url, host, connections, pause_ms)
    try:
        yield running
    finally:
        running.ensure_ended()


def percentile_ms(outcomes: Iterable[Outcome], percent: int) -> float:
    """Return a percentile in milliseconds of all answers of some loads."""
    counts: Counter[int] = Counter()
    for outcome in outcomes:
        for microseconds, count in outcome.latencies:
            counts[microseconds] += count
    left = counts.total() * percent / 100
    for microseconds in sorted(counts):
        left -= counts[microseconds]
        if left <= 0:
            return microseconds / 1000
    raise ValueError("nothing was answered")
