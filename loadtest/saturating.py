"""What asks a target without pause: wrk, or locust's users, who check every answer."""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadtest.drive import Closed, locust, named, wrk
from loadtest.machine import ROOT
from loadtest.meter import Meter
from loadtest.processes import cpu_seconds, tree
from loadtest.records import began, load
from loadtest.targets import Target

# Users come in the first second, and the first answers of each take longer.
_SETTLED_SECONDS = 2.0
_LOOK_SECONDS = 0.2


class Saturation(NamedTuple):
    """What a target does that is asked without pause. CPU in cores."""

    closed: Closed
    cpu: dict[str, float]
    throttled: float


def saturated_by_wrk(
    target: Target, bodies: Sequence[bytes], connections: int, seconds: float
) -> Saturation:
    """Ask by wrk without pause; a second of it is not counted."""
    url = f"{target.url}/predict/"
    wrk(url, bodies, 1, connections, host=target.host)
    meter = Meter(target)
    closed = wrk(url, bodies, seconds, connections, host=target.host)
    return Saturation(closed, meter.cores(), meter.throttled())


def saturated_by_locust(target: Target, users: int, seconds: float) -> Saturation:
    """Ask by locust without pause.

    Users learn first what must be answered; when their load begins, only their own clock knows. So
    the meter is looked at all the time, and two of its looks count.
    """
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "records.npy", Path(folder) / "locust.log"
        with log.open("w") as output:
            command = _command(target, users, _SETTLED_SECONDS + seconds, file)
            asking = subprocess.Popen(command, cwd=ROOT, stderr=output)
        looks = []
        while asking.poll() is None:
            looks.append(Meter(target, lambda: cpu_seconds(tree(asking.pid))))
            time.sleep(_LOOK_SECONDS)
        said = log.read_text()
        if not file.exists():
            raise RuntimeError(f"locust recorded nothing: {said}")
        records, start = load(file), began(file)
    end = start + _SETTLED_SECONDS + seconds
    counted = [look for look in looks if start + _SETTLED_SECONDS <= look.moment <= end]
    first, last = counted[0], counted[-1]
    answered = between(records, first.moment - start, last.moment - start)
    wrong = int((records[:, 2] == 0).sum())
    closed = Closed(len(answered) / (last.moment - first.moment), wrong, said)
    return Saturation(closed, first.cores_until(last), first.throttled_until(last))


def between(records: NDArray[np.float64], start: float, end: float) -> NDArray[np.float64]:
    """Return the records of what was answered in a span of the load's seconds."""
    answered = records[:, 0] + records[:, 1] / 1e3
    return records[(answered >= start) & (answered < end)]


def _command(target: Target, users: int, length: float, file: Path) -> list[str]:
    url = named(target.url, target.host)
    # How long an answer takes at saturation is not what is asked here.
    options = ("--max-p99-ms", "60000", "EagerDrawUser")
    return locust(url, "constant", users, length, file, *options)
