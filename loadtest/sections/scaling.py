"""Throughput by number of replicas and of workers."""

import statistics
from pathlib import Path

from loadtest import plots
from loadtest.prose import SCALING
from loadtest.scaling import Study
from loadtest.sections.tables import band, measured, picture, studies, table
from loadtest.usl import efficiency


def section(results: Path, docs: Path) -> list[str]:
    """Return the section's parts; none without results. Its pictures are drawn beside them."""
    parts = []
    for study in studies(results / "scaling", Study):
        file = results / f"scaling-{study.kind}-{study.model}.svg"
        plots.scaling(file, f"Throughput of the {study.model} by {study.kind}", study)
        parts += [picture(file, docs), _scaling(study)]
    return [SCALING, *parts] if parts else []


def _scaling(study: Study) -> str:
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
        law = "; ".join(f"{name} {band(value)}" for name, value in bands) + "\n"
    return measured([study]) + table(heads, rows) + "\n" + law
