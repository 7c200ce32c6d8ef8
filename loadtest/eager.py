"""Locust as what saturates: users who never pause, in its own process, and check every answer."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadtest.cores import driver_cores, pinned
from loadtest.drive import Closed
from loadtest.machine import ROOT
from loadtest.meter import Meter
from loadtest.processes import cpu_seconds, tree
from loadtest.records import load
from loadtest.targets import Target

# Users come in the first second, and the first answers of each take longer.
_SETTLED_SECONDS = 2.0
_LOOK_SECONDS = 0.2


class Saturated(NamedTuple):
    """What a target does that is asked without pause. CPU in cores."""

    closed: Closed
    cpu: dict[str, float]
    throttled: float


def saturated_by_locust(target: Target, users: int, seconds: float) -> Saturated:
    """Ask by locust without pause.

    Users learn first what must be answered; when their load begins, only their own clock knows. So
    the meter is looked at all the time, and two of its looks count.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.npy"
        command = _command(target, users, _SETTLED_SECONDS + seconds, file)
        locust = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        looks = []
        while locust.poll() is None:
            looks.append(Meter(target, lambda: cpu_seconds(tree(locust.pid))))
            time.sleep(_LOOK_SECONDS)
        said = locust.stderr.read() if locust.stderr else ""
        if not file.exists():
            raise RuntimeError(f"locust recorded nothing: {said}")
        records, began = load(file), float(np.load(file.with_suffix(".start.npy")))
    end = began + _SETTLED_SECONDS + seconds
    counted = [look for look in looks if began + _SETTLED_SECONDS <= look.moment <= end]
    first, last = counted[0], counted[-1]
    answered = between(records, first.moment - began, last.moment - began)
    wrong = int((records[:, 2] == 0).sum())
    closed = Closed(len(answered) / (last.moment - first.moment), wrong, said)
    return Saturated(closed, first.cores_until(last), first.throttled_until(last))


def between(records: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Return the records of what was answered in a span of the load's seconds."""
    answered = records[:, 0] + records[:, 1] / 1e3
    return records[(answered >= start) & (answered < end)]


def _command(target: Target, users: int, seconds: float, file: Path) -> list[str]:
    host, port = target.host or "127.0.0.1", target.url.rpartition(":")[2]
    locust = [
        *pinned(driver_cores()),
        sys.executable,
        "-m",
        "locust",
        "-f",
        "loadtest/locustfile.py",
    ]
    form = ["--form", "constant", "--peak", str(users), "--length", f"{seconds:g}"]
    # How long an answer takes at saturation is not what is asked here.
    limits = ["--max-p99-ms", "60000", "--only-summary", "--headless"]
    address = ["--host", f"http://{host}:{port}", "--record", str(file)]
    return [*locust, *form, *limits, *address, "EagerDrawUser"]
