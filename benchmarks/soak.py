"""`python -m benchmarks.soak`: half an hour of mixed load; the workers must not grow."""

import argparse
import io
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from PIL import Image

from benchmarks.bodies import Call, canvas_png, distinct, holdout_digits, json_body, vegeta_targets
from benchmarks.driving import Attack
from benchmarks.page import finish
from benchmarks.report import Bound, Table, result_of
from benchmarks.serving import rss_bytes, running_memcached, serving
from benchmarks.stages import png_of

METHOD = """Two workers with both levels of the cache, on the first core; vegeta on the second sends
a mix at a constant rate: predictions of one model and of all, as JSON and as files, small and large
PNGs, JPEGs, files seldom seen before, and errors of many kinds; the list of models, the page,
readiness, metrics. A worker's memory is what is resident of it, as the median of each minute; the
first five minutes fill the caches."""

WARM_MINUTES = 5
MEGABYTE = 1e6
# Enough files that the cache, full after five minutes, still has to let go of some all the time.
DIFFERENT = 20_000


def mix() -> Iterator[Call]:
    """Yield the calls in turn, for ever."""
    digits = holdout_digits()
    small = cycle(distinct([png_of(digit) for digit in digits[:1000]], DIFFERENT))
    canvases = cycle(distinct([canvas_png(digit, 400) for digit in digits[:50]], 500))
    large = cycle([canvas_png(digit, 1000) for digit in digits[:10]])
    photos = cycle([jpeg_of(canvas_png(digit, 600)) for digit in digits[:10]])
    while True:
        for model in ("cnn", "mlp", "svm", None):
            for _ in range(4):
                yield Call("POST", "/predict/", json_body(next(small), model))
        yield Call("POST", "/predict?model=cnn", next(canvases), "image/png")
        yield Call("POST", "/predict/", next(photos), "image/jpeg")
        yield Call("POST", "/predict/?model=svm", next(large), "image/png")
        yield from errors(next(small))
        for path in ("/models/", "/models/cnn", "/", "/healthz", "/readyz", "/metrics"):
            yield Call("GET", path)


def errors(png: bytes) -> Iterator[Call]:
    """Yield calls that are refused, each for another reason."""
    yield Call("POST", "/predict/", b"{")
    yield Call("POST", "/predict/", json_body(png, "resnet"))
    yield Call("POST", "/predict/", json_body(png[: len(png) // 2], "cnn"))
    yield Call("POST", "/predict/", bytes(100), "image/png")
    yield Call("POST", "/predict/", png, "text/plain")
    yield Call("GET", "/nothing")
    yield Call("DELETE", "/models/")


def jpeg_of(png: bytes) -> bytes:
    """Return a picture as JPEG."""
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def soak(minutes: int, rate: float) -> tuple[Table, list[Bound]]:
    """Load the service, and look at its memory all the while."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_memcached() as memcached,
        serving({"memcached": f"127.0.0.1:{memcached.port}", "workers": 2}) as service,
    ):
        calls = islice(mix(), 2 * DIFFERENT)
        targets = vegeta_targets(Path(name, "targets.jsonl"), service.url, calls)
        pids = service.workers()
        attack = Attack(targets, rate, minutes * 60, timeout=10, connections=32)
        minutely = [memory_in_a_minute(pids) for _ in range(minutes)]
        answers = attack.wait()
        died = sum(pid not in service.workers() for pid in pids)
    table = Table(
        f"{len(answers):,} requests at {rate:.0f}/s: {answers.count(200):,} answered with 200; "
        "resident memory, MB:",
        ("minute", *(f"worker {number + 1}" for number in range(len(pids)))),
        [(str(number + 1), *row) for number, row in enumerate(minutely)],
    )
    bounds = [
        Bound("requests without an answer, or with 5xx", answers.failures(), 0),
        Bound("workers that died", died, 0),
    ]
    first, *later = minutely[WARM_MINUTES - 1 :]
    bounds += [
        Bound(f"worker {number + 1}: growth after five minutes, MB", max(rows) - before, 2.0)
        for number, (before, *rows) in enumerate(zip(first, *later, strict=True))
    ]
    return table, bounds


def memory_in_a_minute(pids: list[int]) -> list[float]:
    """Look for a minute, every other second, and return each worker's median in megabytes."""
    end = time.monotonic() + 60
    looks: list[list[float]] = []
    while time.monotonic() < end:
        looks.append([rss_bytes(pid) / MEGABYTE for pid in pids])
        time.sleep(2)
    return [median(column) for column in zip(*looks, strict=True)]


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=int, default=30, help=f"more than {WARM_MINUTES}")
    parser.add_argument("--rate", type=float, default=100, help="requests a second")
    options = parser.parse_args()
    if options.minutes <= WARM_MINUTES:
        parser.error(f"the first {WARM_MINUTES} minutes do not count: more are needed")
    table, bounds = soak(options.minutes, options.rate)
    return finish("soak", result_of("Endurance", METHOD, [table], bounds))


if __name__ == "__main__":
    sys.exit(main())
