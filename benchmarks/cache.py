"""`python -m benchmarks.cache`: what the cache gives, what it costs, and what it does when ill."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.bodies import (
    Call,
    canvas_png,
    distinct,
    holdout_digits,
    vegeta_targets,
    wrk_script,
)
from benchmarks.driving import Answers, Attack, closed_loop
from benchmarks.page import finish
from benchmarks.report import Bound, Table, result_of
from benchmarks.serving import MemcachedServer, Service, running_memcached, serving
from benchmarks.stages import png_of

METHOD = """One worker on the first core; driver and memcached on the second. Throughput: wrk with 8
connections sends CNN requests (28x28 PNG in JSON), in rounds that begin with another process each;
of a kind's processes the middle one counts, and a ratio is the median of the rounds' ratios. "No
hits": 1,000 digits in turn, each file with a serial number behind its end, so that none comes
twice; after the first thousands of them the service looks for 128 a second only, and the one
without cache for none. Illness: vegeta sends canvases of 400x400, no two files alike but each one
twice, two seconds apart, at a constant rate; the local level is off, so that each first asks
memcached, which knows the half of them while it is well."""

CONNECTIONS = 8
SECONDS = 2
# Of each kind. Two that are started alike differ by up to 5 % even in the median of ten rounds.
PROCESSES = 3
HITS = 'mnist_api_cache_requests_total{level="%s",result="hit"}'
PREDICTED = 'mnist_api_predictions_total{digit="%s",model="cnn"}'
# Enough to outlast the breaker's longest pause, 5 s, in each state.
PHASE_SECONDS = 8.0
# Until the averages of the costs have settled; not counted.
WARM_SECONDS = 4.0


class Kind(NamedTuple):
    """Services that were started alike, and what they are sent."""

    services: Sequence[Service]
    script: Path


class Round(NamedTuple):
    """One round of one kind: medians over its services."""

    rate: float
    cpu_us: float


def measure_rounds(kinds: dict[str, Kind], rounds: int) -> dict[str, list[Round]]:
    """Return each kind's rounds, which each begin with another process.

    Not every other time backwards: who is last and then first again, runs on warm caches.
    """
    found: dict[str, list[Round]] = {name: [] for name in kinds}
    turns = [(name, number) for number in range(PROCESSES) for name in kinds]
    for number in range(rounds + 1):
        first = number % len(turns)
        asked: dict[str, list[Round]] = {name: [] for name in kinds}
        for name, which in turns[first:] + turns[:first]:
            asked[name].append(asked_without_pause(kinds[name].services[which], kinds[name].script))
        # The first round fills caches, the processor's too.
        if number:
            for name, each in asked.items():
                found[name].append(Round(*map(median, zip(*each, strict=True))))
    return found


def asked_without_pause(service: Service, script: Path) -> Round:
    """Return what one service did."""
    before = service.cpu_seconds()
    loop = closed_loop(service.url + "/predict/", script, SECONDS, CONNECTIONS)
    if loop.failed:
        raise RuntimeError(f"{loop.failed} requests failed")
    used = service.cpu_seconds() - before
    return Round(loop.rate, used / (loop.rate * SECONDS) * 1e6)


def throughput(folder: Path, rounds: int) -> tuple[Table, list[Bound]]:
    """Measure without hits and with hits only, beside the service that has no cache."""
    pngs = [png_of(digit) for digit in holdout_digits()[:1000]]
    many = wrk_script(folder / "many.lua", pngs, "cnn", distinct=True)
    few = wrk_script(folder / "few.lua", pngs, "cnn")
    with ExitStack() as stack:
        memcached = stack.enter_context(running_memcached())

        def started(settings: Mapping[str, object]) -> list[Service]:
            return [stack.enter_context(serving(settings)) for _ in range(PROCESSES)]

        cached = started({"memcached": f"127.0.0.1:{memcached.port}"})
        kinds = {
            "no cache": Kind(started({"cache_bytes": 0}), many),
            "both levels, no hits": Kind(cached, many),
            "local hits only": Kind(started({}), few),
        }
        found = measure_rounds(kinds, rounds)
        hits = sum(one.metric(HITS % level) for one in cached for level in ("local", "memcached"))
        asked = sum(one.metric(PREDICTED % digit) for one in cached for digit in range(10))
    rows = [
        (
            name,
            median(round_.rate for round_ in measured),
            median(ratios(measured, found["no cache"])),
            median(round_.cpu_us for round_ in measured),
        )
        for name, measured in found.items()
    ]
    table = Table(
        f"Throughput of the CNN, {rounds} rounds of {SECONDS} s, {PROCESSES} processes of a kind; "
        f"of the requests without hits {hits / asked:.2%} met one all the same:",
        ("kind", "requests/s", "of no cache", "CPU, us/request"),
        rows,
    )
    return table, [
        Bound("no hits, both levels: throughput, of that without cache", rows[1][2], 0.98, True),
        Bound("local hits only: throughput, of that without cache", rows[2][2], 3.0, True),
    ]


def ratios(these: list[Round], those: list[Round]) -> list[float]:
    """Return the ratio of the rates, round by round."""
    return [this.rate / that.rate for this, that in zip(these, those, strict=True)]


def illness(folder: Path) -> tuple[Table, list[Bound]]:
    """Measure while memcached hangs, goes on, is killed, and comes back."""
    with (
        running_memcached() as memcached,
        serving({"cache_bytes": 0, "memcached": f"127.0.0.1:{memcached.port}"}) as service,
    ):
        rate = affordable_rate(folder)
        phases: list[tuple[str, Callable[[MemcachedServer], None] | None]] = [
            ("well", None),
            ("hung", MemcachedServer.hang),
            ("awake again", MemcachedServer.go_on),
            ("killed", MemcachedServer.kill),
            ("restarted", MemcachedServer.restart),
        ]
        seconds = WARM_SECONDS + PHASE_SECONDS * len(phases)
        targets = vegeta_targets(
            folder / "ill.jsonl", service.url, twice(rate, round(rate * seconds))
        )
        attack = Attack(targets, rate, seconds, timeout=10, connections=64)
        time.sleep(WARM_SECONDS)
        starts: list[float] = []
        counts: list[float] = []
        for _, change in phases:
            starts.append(time.time())
            counts.append(service.metric(HITS % "memcached"))
            if change is not None:
                change(memcached)
            time.sleep(starts[0] + PHASE_SECONDS * len(starts) - time.time())
        counts.append(service.metric(HITS % "memcached"))
        answers = attack.wait()
    hits = [later - sooner for sooner, later in pairwise(counts)]
    ends = [*starts[1:], starts[-1] + PHASE_SECONDS]
    parts = [answers.between(start, end) for start, end in zip(starts, ends, strict=True)]
    return illness_table([name for name, _ in phases], parts, hits, rate)


def illness_table(
    names: list[str], parts: list[Answers], hits: list[float], rate: float
) -> tuple[Table, list[Bound]]:
    """Return the phases as rows, and what is promised of them."""
    rows: list[Sequence[str | float]] = [
        [name, len(part), int((~part.good).sum()), known, *milliseconds(part)]
        for name, part, known in zip(names, parts, hits, strict=True)
    ]
    table = Table(
        f"Memcached ill, {rate:.0f} requests/s, {PHASE_SECONDS:.0f} s in each state, the moment of "
        "the change included:",
        ("memcached", "requests", "failed", "hits", "median, ms", "p99, ms", "longest, ms"),
        rows,
    )
    before = parts[0].p99()
    bounds = [
        Bound("memcached ill: failed requests", sum(int((~part.good).sum()) for part in parts), 0)
    ]
    # Whoever hardly asks memcached cannot show that its illness does no harm.
    bounds.append(
        Bound("memcached well: hits, of the requests", hits[0] / len(parts[0]), 0.4, True)
    )
    bounds += [
        Bound(f"memcached {name}: p99, of that before", part.p99() / before, 1.5)
        for name, part in zip(names[1:], parts[1:], strict=True)
    ]
    return table, bounds


def milliseconds(answers: Answers) -> tuple[float, float, float]:
    """Return median, p99 and the longest latency."""
    latencies = answers.latency * 1e3
    return float(np.median(latencies)), answers.p99() * 1e3, float(latencies.max())


def affordable_rate(folder: Path) -> float:
    """Return 0.4 of what a service can do that has no cache."""
    script = wrk_script(folder / "canvas.lua", canvases(), "cnn", distinct=True)
    with serving({"cache_bytes": 0}) as service:
        return 0.4 * closed_loop(service.url + "/predict/", script, 3, CONNECTIONS).rate


def twice(rate: float, count: int) -> Iterator[Call]:
    """Yield calls with files of which each comes again two seconds later."""
    gap = round(rate * 2)
    files = (file + b"twice" for file in distinct(canvases(), count))
    ahead: list[Call] = []
    for number in range(count):
        if number // gap % 2 == 0:
            ahead.append(Call("POST", "/predict/?model=cnn", next(files), "image/png"))
            yield ahead[-1]
        else:
            yield ahead[-gap + number % gap]


def canvases() -> list[bytes]:
    """Return some drawn digits, 400x400."""
    return [canvas_png(digit, 400) for digit in holdout_digits()[:50]]


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache")
    parser.add_argument("--rounds", type=int, default=20, help="rounds of 2 s of each process")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        speed, speed_bounds = throughput(folder, options.rounds)
        ill, ill_bounds = illness(folder)
    result = result_of("Cache", METHOD, [speed, ill], [*speed_bounds, *ill_bounds])
    return finish("cache", result)


if __name__ == "__main__":
    sys.exit(main())
