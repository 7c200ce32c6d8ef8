"""`python -m benchmarks.overload`: three times more than the service can do, in an open loop."""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.bodies import (
    Call,
    canvas_png,
    distinct,
    holdout_digits,
    json_body,
    vegeta_targets,
    wrk_script,
)
from benchmarks.driving import Answers, Attack, closed_loop
from benchmarks.page import finish
from benchmarks.report import Bound, Table, result_of
from benchmarks.serving import serving
from benchmarks.stages import png_of
from loadtest.cores import driver_cores

METHOD = """One worker on the first core, the driver on the second, or of many on a quarter; the
cache is off. First wrk's closed loop of 8 connections shows about what the service can do: too few
for any to be refused.
Then vegeta keeps a constant rate, whatever comes back: 0.9, 1.0 and 1.1 of that, the most that it
gets answered being the peak; 0.8 of the peak alone; then half of the peak all the time and two and
a half peaks more for a while, three peaks together, each over at most 900 connections; at last the
peak is looked for again, and goodput is told in the mean of both, as the machine's pace drifts by a
fifth in a minute. (Not in wrk's peak, because drivers differ in what they take from the service:
the two cores of the machine in these pages are two threads of one, and a busy one makes the other
1.7 times slower.) A client waits one second at most; goodput is what was answered with 200 by then.
Times count from when a request was due, waiting for a free connection included. Recovery: from the
end of the rush until, for good, 99 of 100 requests in each quarter of a second are answered with
200 within three times the p99 at 0.8 of the peak. "Off": the same service without its bounds on
waiting. Rounds of on and off alternate; figures are medians over the rounds."""

ON: dict[str, object] = {"cache_bytes": 0}
OFF: dict[str, object] = {**ON, "max_wait_ms": 0, "max_decode_wait_ms": 0}
# More than the service lets wait, of the cheapest too: where all connections wait for an answer,
# what is due waits at the driver, and nobody learns that it is too much.
CONNECTIONS = 900
PATIENCE_SECONDS = 1.0
CALM_SECONDS = 4.0
SEARCH_SECONDS = 4.0
SEARCHED = (0.9, 1.0, 1.1)
WINDOW_SECONDS = 0.25
# A driver that used more of its cores, or sent less than this of its rate, was the bottleneck.
MOST_DRIVER_LOAD = 0.9
LEAST_OFFERED = 0.95


class Kind(NamedTuple):
    """What is sent."""

    slug: str
    name: str
    files: Sequence[bytes]
    model: str | None


class Outcome(NamedTuple):
    """What came of one kind of request on one service: rates a second, times in seconds."""

    closed: float
    """What wrk gets answered."""
    peak: float
    p99_at_80: float
    offered: float
    """Of the peak; so is the goodput."""
    goodput: float
    p99: float
    recovery: float
    refused: float
    late: float
    other: float
    driver_load: float

    def row(self, name: str) -> list[str | float]:
        """Return the figures as a row, milliseconds where they are short."""
        milliseconds = self._replace(p99_at_80=self.p99_at_80 * 1e3, p99=self.p99 * 1e3)
        return [name, *milliseconds]


COLUMNS = (
    *("admission", "wrk, 1/s", "peak, 1/s", "p99 at 0.8, ms", "offered, peaks", "goodput, peaks"),
    *("p99 of the accepted, ms", "recovery, s", "refused", "late", "else", "driver, of its cores"),
)


def overload(kind: Kind, settings: Mapping[str, object], seconds: float) -> Outcome:
    """Measure one kind of request on one service."""
    with tempfile.TemporaryDirectory() as name, serving(settings) as service:
        folder = Path(name)
        script = wrk_script(folder / "peak.lua", kind.files, kind.model, distinct=True)
        url = service.url + "/predict/"
        closed = median(closed_loop(url, script, 2, 8).rate for _ in range(3))
        targets = vegeta_targets(
            folder / "targets.jsonl", service.url, _calls(kind, round(3 * closed * seconds))
        )
        peak = _peak(targets, closed)
        at_80 = _attack(targets, 0.8 * peak, seconds).wait()
        calm = 2 * CALM_SECONDS + seconds
        base_targets = folder / "base.jsonl"
        base_targets.symlink_to(targets)
        base = _attack(base_targets, 0.5 * peak, calm)
        time.sleep(CALM_SECONDS)
        rush = _attack(targets, 2.5 * peak, seconds)
        rushed, base_answers = rush.wait(), base.wait()
        peaks = (peak, _peak(targets, closed))
    return outcome(closed, peaks, at_80, rushed, base_answers)


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
        offered=len(during) / span / sent_for,
        goodput=during.count(200) / span / peak,
        p99=during.p99(),
        recovery=recovery_seconds(base.between(end, np.inf), end, limit),
        refused=during.count(429, 503),
        late=during.count(0, 504),
        other=len(during) - during.count(0, 200, 429, 503, 504),
        driver_load=(rushed.driver_load + base.driver_load) / len(driver_cores()),
    )


def middle(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the median of each figure."""
    return Outcome(*(median(figures) for figures in zip(*outcomes, strict=True)))


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


def kinds() -> list[Kind]:
    """Return what is sent: the usual, what a page draws, and what costs most."""
    digits = holdout_digits()
    small = [png_of(digit) for digit in digits[:1000]]
    canvases = [canvas_png(digit, 400) for digit in digits[:100]]
    large = [canvas_png(digit, 1000) for digit in digits[:20]]
    return [
        Kind("small", "the CNN, PNG of 28x28", small, "cnn"),
        Kind("canvas", "all models, PNG of 400x400", canvases, None),
        Kind("large", "the CNN, PNG of 1000x1000", large, "cnn"),
    ]


def bounds_of(on: Outcome) -> list[Bound]:
    """Return what is promised with admission on, and of the measurement itself."""
    return [
        Bound("load offered, peaks", on.offered, 3 * LEAST_OFFERED, at_least=True),
        Bound("driver's load, of its cores", on.driver_load, MOST_DRIVER_LOAD),
        Bound("goodput, of the peak", on.goodput, 0.9, at_least=True),
        Bound("p99 of the accepted, of that at 0.8 of the peak", on.p99 / on.p99_at_80, 3.0),
        Bound("recovery, s", on.recovery, 2.0),
    ]


def measure(kind: Kind, rounds: int, seconds: float) -> int:
    """Measure one kind, print it, keep it, and return the exit status."""
    on: list[Outcome] = []
    off: list[Outcome] = []
    for _ in range(rounds):
        on.append(overload(kind, ON, seconds))
        off.append(overload(kind, OFF, seconds))
    table = Table(
        f"{rounds} rounds, a rush of {seconds:.0f} s in each:",
        COLUMNS,
        [middle(on).row("on"), middle(off).row("off")],
    )
    title = f"Overload: {kind.name}"
    return finish(f"overload-{kind.slug}", result_of(title, METHOD, [table], bounds_of(middle(on))))


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20, help="length of each attack")
    parser.add_argument("--kind", choices=[kind.slug for kind in kinds()], help="only this")
    options = parser.parse_args()
    return max(
        measure(kind, options.rounds, options.seconds)
        for kind in kinds()
        if options.kind in {None, kind.slug}
    )


if __name__ == "__main__":
    sys.exit(main())
