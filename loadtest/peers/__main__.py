"""`python -m loadtest.peers`: all contestants on one core, asked from the other, interleaved.

While one is measured, the others are stopped (SIGSTOP), so that none pays for another's idling.
"""

import argparse
import json
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import msgspec

from loadtest.digits import Digit, held_out
from loadtest.drive import Open, middle, poisson, wrk
from loadtest.machine import RESULTS, here
from loadtest.peers.awake import awake, stopped
from loadtest.peers.contestants import CONTESTANTS, Contestant, installed_mib, running
from loadtest.peers.results import SERVE, Footprint, Row, Study
from loadtest.processes import memory_mib, tree
from loadtest.service import Running, end_orderly_on_sigterm


def main() -> None:
    """Measure once and write one file."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.peers")
    parser.add_argument("--models", default="svm,mlp")
    parser.add_argument("--only", default="", help="names of contestants, by commas")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--load", type=float, default=0.8, help="of a peer's own saturation")
    parser.add_argument("--out", type=Path, default=RESULTS / "peers")
    options = parser.parse_args()
    only = {name for name in options.only.split(",") if name}
    chosen = [one for one in CONTESTANTS if not only or one.name in only]
    study = Study(here(), options.seconds, 200, [], [], [])
    end_orderly_on_sigterm()
    with ExitStack() as stack:
        servers = {}
        for one in chosen:
            servers[one.name] = _start(stack, one, options.out)
        for model in options.models.split(","):
            _measure(study, chosen, servers, model, options)
        for one in chosen:
            server = servers[one.name]
            study.footprints.append(
                Footprint(
                    one.name,
                    server.start_seconds,
                    memory_mib(tree(server.pid)),
                    installed_mib(one.folder or SERVE),
                )
            )
    name = f"{options.models.replace(',', '-')}-{time.strftime('%H%M%S')}.json"
    (options.out / name).write_bytes(msgspec.json.format(msgspec.json.encode(study)))
    sys.stderr.write(f"{options.out / name}\n")


def _start(stack: ExitStack, one: Contestant, folder: Path) -> Running:
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{one.name.split()[0].lower()}.log"
    server = stack.enter_context(stopped(running(one, SERVE / "bin", log)))
    sys.stderr.write(f"{one.name}: ready after {server.start_seconds:.1f} s\n")
    return server


def _measure(
    study: Study,
    chosen: list[Contestant],
    servers: dict[str, Running],
    model: str,
    options: argparse.Namespace,
) -> None:
    digits = held_out(study.digits)
    rows = {one.name: Row(one.name, model, 0, [], 0, {}) for one in chosen}
    bodies = {one.name: [one.body(model, digit) for digit in digits] for one in chosen}
    for number in range(options.rounds):
        for one in chosen:
            server, row = servers[one.name], rows[one.name]
            url = one.url(server.url, model)
            with awake(server):
                if number == 0:
                    row.accuracy = _accuracy(one, url, bodies[one.name], digits)
                closed = wrk(url, bodies[one.name], options.seconds)
            row.rates.append(closed.rate)
            row.errors += closed.errors
            study.raw.append(f"{one.name}, {model}:\n{closed.raw}")
            sys.stderr.write(f"{model} {one.name}: {closed.rate:.0f}/s, {closed.errors} errors\n")
    ours = chosen[0]
    for peer in chosen[1:]:
        rate = options.load * sorted(rows[peer.name].rates)[options.rounds // 2]
        pair: dict[str, list[Open]] = {peer.name: [], ours.name: []}
        for seed in range(options.rounds):
            for one in (peer, ours):
                url = one.url(servers[one.name].url, model)
                with awake(servers[one.name]):
                    taken, _ = poisson(url, bodies[one.name], rate, options.seconds, seed=seed)
                pair[one.name].append(taken)
        for name, runs in pair.items():
            taken = middle(runs, lambda run: run.p99_ms)
            rows[name].at_rate[peer.name] = taken
            sys.stderr.write(f"{model} {name} at {rate:.0f}/s: p99 {taken.p99_ms:.2f} ms\n")
    study.rows += rows.values()


def _accuracy(one: Contestant, url: str, bodies: list[bytes], digits: list[Digit]) -> float:
    """Return the share of digits answered rightly, of all that are asked about afterwards."""
    right = 0
    for body, digit in zip(bodies, digits, strict=True):
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as response:
            right += one.answer(json.load(response)) == digit.label
    return right / len(digits)


if __name__ == "__main__":
    main()
