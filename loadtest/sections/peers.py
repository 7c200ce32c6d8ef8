"""Other servers beside ours."""

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path

from loadtest import plots
from loadtest.ab.results import PAIR
from loadtest.peers.results import Row
from loadtest.peers.results import Study as Peers
from loadtest.prose import PEERS
from loadtest.sections.tables import measured, picture, studies, table

OURS = PAIR[0]


def section(results: Path, docs: Path) -> list[str]:
    """Return the section's parts; none without results. Its picture is drawn beside them."""
    if not (found := studies(results / "peers", Peers)):
        return []
    file = results / "peers.svg"
    title = "Throughput of ours, as a multiple of theirs"
    unit = "ours / theirs, requests/s per requests/s"
    plots.multiples(file, title, unit, _multiples(found))
    return [PEERS, picture(file, docs), _peers(found), _footprints(found)]


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
    return measured(studies) + table(heads.split(", "), rows)


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
    return text + "\n" + table(heads, rows)
