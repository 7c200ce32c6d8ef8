"""`python -m loadtest.report`: write `docs/performance.md` and its plots from the results."""

import argparse
import os
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from loadtest import plots
from loadtest.ab.results import CONCURRENCIES, PAIR
from loadtest.ab.results import Study as Ab
from loadtest.machine import RESULTS, ROOT, Machine
from loadtest.peers.results import Row
from loadtest.peers.results import Study as Peers
from loadtest.prose import AB, INTRODUCTION, PEERS, SCALING
from loadtest.scaling import Study as Scaling
from loadtest.usl import Band, efficiency

S = TypeVar("S", Ab, Peers, Scaling)
OURS, OLD = PAIR


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.report")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "performance.md")
    options = parser.parse_args()
    options.page.write_text(page(options.results, options.page.parent))


def page(results: Path, docs: Path) -> str:
    """Return the text of a page in the folder `docs`; write its plots beside the results."""
    parts = [INTRODUCTION]
    if peers := _studies(results / "peers", Peers):
        plots.multiples(
            results / "peers.svg",
            "Throughput of ours, as a multiple of theirs",
            "ours / theirs, requests/s per requests/s",
            _multiples(peers),
        )
        parts += [PEERS, _picture(results / "peers.svg", docs), _peers(peers), _footprints(peers)]
    if abs_ := _studies(results / "ab", Ab):
        parts += [AB, *map(_ab, abs_)]
    for number, study in enumerate(_studies(results / "scaling", Scaling)):
        if number == 0:
            parts.append(SCALING)
        picture = results / f"scaling-{study.kind}-{study.model}.svg"
        plots.scaling(picture, f"Throughput of the {study.model} by {study.kind}", study)
        parts += [_picture(picture, docs), _scaling(study)]
    return "\n".join(parts)


def _studies(folder: Path, kind: type[S]) -> list[S]:
    files = sorted(folder.glob("*.json"))
    return [msgspec.json.decode(file.read_bytes(), type=kind) for file in files]


def _pairs(studies: Iterable[Peers]) -> Iterable[tuple[Peers, Row, Row]]:
    """Yield each peer's row with ours of the same run and model."""
    for study in studies:
        ours = {row.model: row for row in study.rows if row.contestant == OURS}
        for row in study.rows:
            if row.contestant != OURS:
                yield study, row, ours[row.model]


def _multiple(row: Row, ours: Row) -> float:
    """Return the median over the rounds: two rates of one round were measured seconds apart."""
    return statistics.median(b / a for a, b in zip(row.rates, ours.rates, strict=True))


def _multiples(studies: Sequence[Peers]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for _, row, ours in _pairs(studies):
        found.setdefault(row.contestant, {})[row.model] = _multiple(row, ours)
    return found


def _peers(studies: Sequence[Peers]) -> str:
    rows = []
    for _, row, ours in _pairs(studies):
        theirs, own = row.at_rate[row.contestant], ours.at_rate[row.contestant]
        rows.append(
            (
                row.contestant,
                row.model,
                f"{row.accuracy:.1%}",
                f"{statistics.median(row.rates):.0f}",
                f"{statistics.median(ours.rates):.0f}",
                f"{_multiple(row, ours):.2f}",
                f"{theirs.rate:.0f}",
                f"{theirs.p99_ms:.1f}",
                f"{own.p99_ms:.1f}",
                f"{theirs.p99_ms / own.p99_ms:.2f}",
                str(row.errors + theirs.errors + own.errors),
            )
        )
    heads = (
        "server, model, right, its 1/s, ours 1/s, ratio, at 1/s, its p99 ms, ours ms, ratio, errors"
    )
    return _measured(studies) + _table(heads.split(", "), rows)


def _footprints(studies: Sequence[Peers]) -> str:
    rows = [
        (
            one.contestant,
            f"{one.memory_mib:.0f}",
            f"{one.start_seconds:.1f}",
            f"{one.installed_mib:.0f}",
        )
        for study in studies
        for one in study.footprints
    ]
    heads = ("server", "memory after the run, PSS, MiB", "start, s", "installed, MiB")
    text = "Ours is there once for each run. Memory is of all of a server's processes.\n"
    return text + "\n" + _table(heads, rows)


def _ab(study: Ab) -> str:
    text = [_measured([study])]
    for model in sorted({point.model for point in study.points}):
        rates = {
            (point.contestant, point.keep_alive, point.concurrency): point
            for point in study.points
            if point.model == model
        }
        rows = [
            (
                str(concurrency),
                "yes" if keep else "no",
                *(
                    f"{rates[name, keep, concurrency].rate:.0f} "
                    f"({rates[name, keep, concurrency].errors})"
                    for name in PAIR
                ),
                _ratio(rates[OURS, keep, concurrency].rate, rates[OLD, keep, concurrency].rate),
            )
            for keep in (True, False)
            for concurrency in CONCURRENCIES
        ]
        heads = (
            "concurrency",
            "keep-alive",
            f"{OURS} 1/s (failed)",
            f"{OLD} 1/s (failed)",
            "ratio",
        )
        text.append(
            f"**{model}**: {study.ratio(model):.0f} times, as the median up to concurrency 4.\n"
        )
        text.append(_table(heads, rows))
    return "\n".join(text)


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.0f}" if theirs else "no answer in time"


def _scaling(study: Scaling) -> str:
    rates = study.rates()
    rows = []
    for count in rates:
        points = [point for point in study.points if point.count == count]
        throttled = [point.throttled for point in points if point.throttled is not None]
        cpu = {
            part: statistics.median(point.cpu[part] for point in points) for part in points[0].cpu
        }
        rows.append(
            (
                str(count),
                f"{statistics.median(rates[count]):.0f}",
                f"{efficiency(rates, count):.2f}",
                f"{statistics.median(point.open.p99_ms for point in points):.1f}",
                ", ".join(f"{part} {used:.2f}" for part, used in cpu.items()),
                f"{statistics.median(throttled):.0%}" if throttled else "",
                str(sum(point.errors + point.open.errors for point in points)),
            )
        )
    heads = ("N", "1/s", "efficiency", "open p99 ms", "CPU, cores", "throttled", "errors")
    law = ""
    if study.fit is not None:
        bands = (("rate", study.fit.rate), ("alpha", study.fit.alpha), ("beta", study.fit.beta))
        law = "; ".join(f"{name} {_band(band)}" for name, band in bands) + "\n"
    return _measured([study]) + _table(heads, rows) + "\n" + law


def _band(band: Band) -> str:
    return f"{band.value:.4g} ({band.low:.4g} to {band.high:.4g})"


def _measured(studies: Sequence[Ab | Peers | Scaling]) -> str:
    """Return where and when, once for each machine and commit."""
    machines = {(one.machine.commit, one.machine.date): one.machine for one in studies}
    return "".join(map(_one, machines.values())) + "\n"


def _one(machine: Machine) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return (
        f"- {machine.date}, commit {machine.commit}: {machine.processor}, {machine.cores} cores, "
        f"{machine.memory_gib:g} GiB, Linux {machine.kernel}, Python {machine.python}; {versions}; "
        f"`{machine.command}`\n"
    )


def _picture(file: Path, docs: Path) -> str:
    return f"![{file.stem}]({Path(os.path.relpath(file, docs)).as_posix()})\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if __name__ == "__main__":
    main()
