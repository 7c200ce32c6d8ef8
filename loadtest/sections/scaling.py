"""Throughput by number of replicas and of workers."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from loadtest import plots
from loadtest.prose import SCALING
from loadtest.scaling import Point, Study
from loadtest.sections.tables import band, measured, picture, studies, table
from loadtest.usl import efficiency


def section(results: Path, docs: Path) -> list[str]:
    """Return the section's parts; none without results. Its pictures are drawn beside them."""
    parts = []
    for study in studies(results / "scaling", Study):
        file = results / f"scaling-{study.kind}-{study.model}.svg"
        what = "drawings, asked by Locust," if study.driver == "locust" else f"the {study.model}"
        plots.scaling(file, f"Throughput of {what} by {study.kind}", study)
        parts += [picture(file, docs), _scaling(study)]
    return [SCALING, *parts] if parts else []


def _scaling(study: Study) -> str:
    counts = study.rates()
    rows = [_row(study, count) for count in counts]
    heads = (
        "N, 1/s, of each round, efficiency, CPU us a request, open p99 ms, CPU in cores, "
        "throttled periods, errors"
    )
    text = measured([study]) + table(heads.split(", "), rows) + "\n" + largest(study)
    if study.fit is None:
        return text
    bands = (("rate", study.fit.rate), ("alpha", study.fit.alpha), ("beta", study.fit.beta))
    return text + "; ".join(f"{name} {band(value)}" for name, value in bands) + "\n"


def _row(study: Study, count: int) -> tuple[str, ...]:
    rates = study.rates()
    points = [point for point in study.points if point.count == count]
    throttled = [point.throttled for point in points if point.throttled is not None]
    cpu = {part: statistics.median(point.cpu[part] for point in points) for part in points[0].cpu}
    return (
        str(count),
        f"{statistics.median(rates[count]):.0f}",
        " ".join(f"{rate:.0f}" for rate in rates[count]),
        f"{efficiency(rates, count):.2f}",
        f"{cost(points):.0f}",
        f"{statistics.median(point.open.p99_ms for point in points):.1f}",
        ", ".join(f"{part} {used:.2f}" for part, used in cpu.items()),
        f"{statistics.median(throttled):.0%}" if throttled else "",
        str(sum(point.errors + point.open.errors for point in points)),
    )


def cost(points: Sequence[Point]) -> float:
    """Return the microseconds of the service's CPU for one request, as the median."""
    return 1e6 * statistics.median(point.cpu["service"] / point.rate for point in points)


def largest(study: Study) -> str:
    """Return a sentence on how far the efficiency holds, and one on what the rest is."""
    rates = study.rates()
    kept = [count for count in rates if efficiency(rates, count) >= 0.9]
    most = max(rates)
    used, dear, cheap = (
        statistics.median(point.cpu["service"] for point in study.points if point.count == most),
        cost([point for point in study.points if point.count == most]),
        cost([point for point in study.points if point.count == min(rates)]),
    )
    return (
        f"The efficiency is at least 0.9 up to N = {max(kept)}. At N = {most} the service got "
        f"{used / most / study.limit_cores:.0%} of the CPU that its limits allow, and a request "
        f"took {dear / cheap:.2f} times the CPU that it takes at N = {min(rates)}: the product of "
        "the first and the inverse of the second is the efficiency. Against the best round of "
        f"N = {min(rates)} it is "
        f"{statistics.median(rates[most]) * min(rates) / most / max(rates[min(rates)]):.2f}.\n\n"
    )
