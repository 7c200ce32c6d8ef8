"""`python -m loadtest.ab`: JSON bodies of one digit, keep-alive on and off, concurrency 1 to 64."""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from loadtest.ab.results import CONCURRENCIES, PAIR, Point, Study
from loadtest.digits import held_out
from loadtest.drive import ab
from loadtest.machine import RESULTS, here
from loadtest.peers.awake import awake, stopped
from loadtest.peers.contestants import CONTESTANTS, running
from loadtest.peers.results import SERVE
from loadtest.service import end_orderly_on_sigterm


def settings() -> Iterator[tuple[bool, int]]:
    """Yield keep-alive and concurrency."""
    for keep_alive in (True, False):
        for concurrency in CONCURRENCIES:
            yield keep_alive, concurrency


def main() -> None:
    """Measure one model and write one file."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.ab")
    parser.add_argument("--models", default="cnn,mlp,svm")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULTS / "ab")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    pair = [one for one in CONTESTANTS if one.name in PAIR]
    study = Study(here(), options.seconds, [], [])
    end_orderly_on_sigterm()
    (digit,) = held_out(1)
    with ExitStack() as stack:
        servers = {
            one.name: stack.enter_context(
                stopped(running(one, SERVE / "bin", options.out / f"{one.name.split()[0]}.log"))
            )
            for one in pair
        }
        for model in options.models.split(","):
            for keep_alive, concurrency in settings():
                for one in pair:
                    url = one.url(servers[one.name].url, model)
                    with awake(servers[one.name]):
                        got = ab(
                            url,
                            one.body(model, digit),
                            options.seconds,
                            concurrency,
                            keep_alive=keep_alive,
                        )
                    point = Point(one.name, model, keep_alive, concurrency, got.rate, got.errors)
                    study.points.append(point)
                    study.raw.append(got.raw)
                    sys.stderr.write(f"{point}\n")
    file = options.out / f"{options.models.replace(',', '-')}-{time.strftime('%H%M%S')}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(study)))


if __name__ == "__main__":
    main()
