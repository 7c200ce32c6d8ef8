"""What all sections of the report are made of: tables, pictures, and where it was measured."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from loadtest.machine import Machine
from loadtest.usl import Band

S = TypeVar("S")


class Measured(Protocol):
    """Any result."""

    machine: Machine


def studies(folder: Path, kind: type[S], pattern: str = "*.json") -> list[S]:
    """Return the results in a folder."""
    return list(read(folder, pattern, kind).values())


def read(folder: Path, pattern: str, kind: type[S]) -> dict[Path, S]:
    """Return the results in a folder by their files."""
    files = sorted(folder.glob(pattern))
    return {file: msgspec.json.decode(file.read_bytes(), type=kind) for file in files}


def band(value: Band) -> str:
    """Return a figure with its 95 %."""
    return f"{value.value:.4g} ({value.low:.4g} to {value.high:.4g})"


def measured(results: Sequence[Measured]) -> str:
    """Return where and when, once for each machine and commit."""
    machines = {(one.machine.commit, one.machine.date): one.machine for one in results}
    return "".join(map(_one, machines.values())) + "\n"


def picture(file: Path, docs: Path) -> str:
    """Return the link to a picture from a page in the folder `docs`."""
    return f"![{file.stem}]({Path(os.path.relpath(file, docs)).as_posix()})\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _one(machine: Machine) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return (
        f"- {machine.date}, commit {machine.commit}: {machine.processor}, {machine.cores} cores, "
        f"{machine.memory_gib:g} GiB, Linux {machine.kernel}, Python {machine.python}; {versions}; "
        f"`{machine.command}`\n"
    )
