"""The scenario of 2018, by ab."""

from pathlib import Path

from loadtest.ab.results import CONCURRENCIES, PAIR
from loadtest.ab.results import Study as Ab
from loadtest.prose import AB
from loadtest.sections.tables import measured, studies, table

OURS, OLD = PAIR


def section(results: Path, _docs: Path) -> list[str]:
    """Return the section's parts; none without results."""
    found = studies(results / "ab", Ab)
    return [AB, *map(_ab, found)] if found else []


def _ab(study: Ab) -> str:
    text = [measured([study])]
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
        text.append(table(heads, rows))
    return "\n".join(text)


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.0f}" if theirs else "no answer in time"
