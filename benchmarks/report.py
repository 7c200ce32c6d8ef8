"""A measurement as a file: figures, bounds, and where, when and of what they were taken."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from math import isfinite
from pathlib import Path

import msgspec

RESULTS = Path(__file__).with_name("results")
PACKAGES = ("falcon", "gunicorn", "uvloop", "numpy", "pillow", "ai-edge-litert", "msgspec")


class Bound(msgspec.Struct, frozen=True):
    """What was promised, and what was measured."""

    claim: str
    value: float | None
    """None, or not finite, where nothing could be measured; a file has no other word for both."""
    limit: float
    at_least: bool = False
    """Whether the value must reach the limit; otherwise it must not exceed it."""

    @property
    def is_met(self) -> bool:
        """Tell whether the promise is kept."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Table(msgspec.Struct, frozen=True):
    """Figures in rows; the unit stands in the column's name."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one measurement."""

    title: str
    method: str
    tables: Sequence[Table]
    bounds: Sequence[Bound]
    date: str
    commit: str
    machine: str
    versions: dict[str, str]

    @property
    def is_met(self) -> bool:
        """Tell whether all promises are kept."""
        return all(bound.is_met for bound in self.bounds)


def result_of(title: str, method: str, tables: Sequence[Table], bounds: Sequence[Bound]) -> Result:
    """Return the result, dated and placed."""
    return Result(
        title=title,
        method=" ".join(method.split()),
        tables=tables,
        bounds=bounds,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        machine=f"{processor()}, {os.cpu_count()} cores, Linux {platform.release()}",
        versions={
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
    )


def read_result(file: Path) -> Result:
    """Read a result that was kept."""
    return msgspec.json.decode(file.read_bytes(), type=Result)


def markdown(result: Result) -> str:
    """Return a result as a section of a page."""
    parts = [f"## {result.title}\n\n{result.method}\n"]
    rows = [
        (
            bound.claim,
            ("at least " if bound.at_least else "at most ") + shown(bound.limit),
            shown(bound.value),
            "yes" if bound.is_met else "**no**",
        )
        for bound in result.bounds
    ]
    parts.append(_table(("what must hold", "bound", "measured", "kept"), rows))
    parts += [f"{table.caption}\n\n" + _table(table.columns, table.rows) for table in result.tables]
    versions = ", ".join(f"{name} {number}" for name, number in result.versions.items())
    parts.append(f"{result.date}, commit {result.commit}, {result.machine}; {versions}.\n")
    return "\n".join(parts)


def shown(value: str | float | None) -> str:
    """Return a figure with three digits that count, or a text as it is."""
    if isinstance(value, str):
        return value
    if value is None or not isfinite(value):
        return "none"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def processor() -> str:
    """Return the processor's name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.processor()


def _commit() -> str:
    describe = ("git", "describe", "--always", "--dirty", "--exclude=*")
    return subprocess.run(
        describe, cwd=RESULTS.parent, check=True, capture_output=True, text=True
    ).stdout.strip()


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
