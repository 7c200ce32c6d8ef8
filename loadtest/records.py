"""Every request of a locust run: when it was sent, how long it took, and whether it was right."""

from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class Records:
    """Collects them, 24 bytes each, since a list of tuples would slow the users down."""

    def __init__(self) -> None:
        self._values = array("d")
        self.start = 0.0
        """When the load began, seconds since 1970."""

    def add(self, sent: float, took_ms: float, *, is_right: bool) -> None:
        """Add one request, sent at a time since 1970."""
        self._values.extend((sent - self.start, took_ms, is_right))

    def save(self, file: Path) -> None:
        """Write them: float64 (n, 3), seconds since the load began, milliseconds, 0 or 1.

        Beside them, in `.start.npy`, when it began.
        """
        np.save(file, np.array(self._values).reshape(-1, 3))
        np.save(file.with_suffix(".start.npy"), self.start)


def began(file: Path) -> float:
    """Return when the load of what was saved began, seconds since 1970."""
    return float(np.load(file.with_suffix(".start.npy"), allow_pickle=False))


def load(file: Path) -> NDArray[np.float64]:
    """Return what was saved."""
    return np.asarray(np.load(file, allow_pickle=False))
