"""A rush: three times what the service can do, in an open loop, and what comes of it."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.balancing import Balancer, balancing, places
from benchmarks.bodies import Call, distinct, json_body, vegeta_targets, wrk_script
from benchmarks.driving import Answers, Attack, closed_loop
from benchmarks.serving import DRIVER, serving
from benchmarks.slowing import slowed
from loadtest.cores import driver_cores, server_cores

# More than the service lets wait, of the cheapest too: where all connections wait for an answer,
# what is due waits at the driver, and nobody learns that it is too much.
CONNECTIONS = 900
PATIENCE_SECONDS = 1.0
CALM_SECONDS = 4.0
SEARCH_SECONDS = 4.0
SEARCHED = (0.9, 1.0, 1.1)
WINDOW_SECONDS = 0.25
# Of a core: where nginx and the driver share the only other one, what they can send and refuse.
SLOWED = 0.2
# Of nginx: all connections come from one address here, and it has one thread.
_LONE = {"connections 200": "connections 60000", "worker_processes auto": "worker_processes 1"}
_UNBOUNDED = {f"max_conns={places()} ": ""}


class Way(NamedTuple):
    """Who bounds what waits."""

    name: str
    settings: Mapping[str, object]
    nginx: bool | None = None
    """Whether it is nginx that does, before the service; None: there is none."""


class Kind(NamedTuple):
    """What is sent."""

    slug: str
    name: str
    files: Sequence[bytes]
    model: str | None
    ways: Sequence[Way]
    """The first is what has to keep the promises."""


class Outcome(NamedTuple):
    """What came of one kind of request on one service: rates a second, times in seconds."""

    closed: float
    """What wrk gets answered."""
    peak: float
    p99_at_80: float
    middle_p99_at_80: float
    offered: float
    """Of the peak; so is the goodput."""
    goodput: float
    p99: float
    middle_p99: float
    recovery: float
    refused: float
    late: float
    other: float
    driver_load: float

    def row(self, name: str) -> list[str | float]:
        """Return the figures as a row, milliseconds where they are short."""
        short = ("p99_at_80", "middle_p99_at_80", "p99", "middle_p99")
        return [name, *self._replace(**{field: getattr(self, field) * 1e3 for field in short})]


COLUMNS = (
    *("admission", "wrk, 1/s", "peak, 1/s", "p99 at 0.8, ms", "in a middle second"),
    *("offered, peaks", "goodput, peaks", "p99 of the accepted, ms", "in a middle second"),
    *("recovery, s", "refused", "late", "else", "driver, of its cores"),
)


def overload(kind: Kind, way: Way, seconds: float) -> Outcome:
    """Measure one kind of request on one service."""
    with tempfile.TemporaryDirectory() as name, _standing(way, Path(name)) as (url, nginx):
        folder = Path(name)
        script = wrk_script(folder / "peak.lua", kind.files, kind.model, distinct=True)
        closed = median(closed_loop(url + "/predict/", script, 2, 8).rate for _ in range(3))
        targets = vegeta_targets(
            folder / "targets.jsonl", url, _calls(kind, round(3 * closed * seconds))
        )
        peak = _peak(targets, closed)
        at_80 = _attack(targets, 0.8 * peak, seconds).wait()
        calm = 2 * CALM_SECONDS + seconds
        base_targets = folder / "base.jsonl"
        base_targets.symlink_to(targets)
        base = _attack(base_targets, 0.5 * peak, calm)
        time.sleep(CALM_SECONDS)
        begun = time.monotonic(), _used(nginx)
        rushed = _attack(targets, 2.5 * peak, seconds).wait()
        beside = (_used(nginx) - begun[1]) / (time.monotonic() - begun[0])
        base_answers = base.wait()
        peaks = (peak, _peak(targets, closed))
    found = outcome(closed, peaks, at_80, rushed, base_answers)
    return found._replace(driver_load=found.driver_load + beside / len(driver_cores()))


@contextmanager
def _standing(way: Way, folder: Path) -> Iterator[tuple[str, Balancer | None]]:
    """Run the service, and nginx where it is asked for; yield where to ask."""
    with ExitStack() as stack:
        service = stack.enter_context(serving(way.settings))
        if way.nginx is None:
            yield service.url, None
            return
        if len(driver_cores()) == 1:
            stack.enter_context(slowed(*server_cores(), SLOWED))
        files = folder / "nginx"
        files.mkdir()
        edits = _LONE if way.nginx else {**_LONE, **_UNBOUNDED}
        server = f"127.0.0.1:{service.port}"
        nginx = stack.enter_context(balancing([server], files, edits, DRIVER))
        yield nginx.url, nginx


def _used(nginx: Balancer | None) -> float:
    return nginx.cpu_seconds() if nginx else 0.0


def _peak(targets: Path, closed: float) -> float:
    """Return the most requests a second that are answered, of rates about the closed loop's."""
    return max(_answered(targets, share * closed) for share in SEARCHED)


def _answered(targets: Path, rate: float) -> float:
    """Return how many requests a second are answered with 200 of so many that are sent."""
    return _attack(targets, rate, SEARCH_SECONDS).wait().count(200) / SEARCH_SECONDS


def outcome(
    closed: float,
    peaks: tuple[float, float],
    at_80: Answers,
    rushed: Answers,
    base: Answers,
) -> Outcome:
    """Return the figures, with the peak before and after the rush."""
    sent_for, peak = peaks[0], sum(peaks) / 2
    start, end = float(rushed.sent[0]), float(rushed.sent[-1])
    during = rushed.joined(base.between(start, end))
    limit = 3 * at_80.p99()
    span = end - start
    return Outcome(
        closed=closed,
        peak=peak,
        p99_at_80=at_80.p99(),
        middle_p99_at_80=at_80.middle_p99(),
        offered=len(during) / span / sent_for,
        goodput=during.count(200) / span / peak,
        p99=during.p99(),
        middle_p99=during.middle_p99(),
        recovery=recovery_seconds(base.between(end, np.inf), end, limit),
        refused=during.count(429, 503),
        late=during.count(0, 504),
        other=len(during) - during.count(0, 200, 429, 503, 504),
        driver_load=(rushed.driver_load + base.driver_load) / len(driver_cores()),
    )


def recovery_seconds(after: Answers, end: float, limit: float) -> float:
    """Return how long after `end` the last quarter of a second ended in which all was not well."""
    bad = ~(after.good & (after.latency <= limit))
    window = ((after.sent - end) / WINDOW_SECONDS).astype(int)
    total, wrong = np.bincount(window), np.bincount(window, weights=bad)
    ill = np.flatnonzero(wrong > 0.01 * total)
    return float(ill[-1] + 1) * WINDOW_SECONDS if ill.size else 0.0


def _attack(targets: Path, rate: float, seconds: float) -> Attack:
    return Attack(targets, rate, seconds, timeout=PATIENCE_SECONDS, connections=CONNECTIONS)


def _calls(kind: Kind, count: int) -> list[Call]:
    files = distinct(kind.files, min(count, 20_000))
    return [Call("POST", "/predict/", json_body(file, kind.model)) for file in files]
