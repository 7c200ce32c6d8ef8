"""What the study of the peers writes."""

from pathlib import Path

import msgspec

from loadtest.drive import Open
from loadtest.machine import Machine

# Ours is installed for serving only in the environment that `make run` makes.
SERVE = Path(__file__).resolve().parents[2] / ".venv"


class Row(msgspec.Struct):
    """One contestant with one model."""

    contestant: str
    model: str
    accuracy: float
    rates: list[float]
    errors: int
    at_rate: dict[str, Open]


class Footprint(msgspec.Struct):
    """What a contestant takes."""

    contestant: str
    start_seconds: float
    memory_mib: float
    installed_mib: float


class Study(msgspec.Struct):
    """One run."""

    machine: Machine
    seconds: float
    digits: int
    rows: list[Row]
    footprints: list[Footprint]
    raw: list[str]
