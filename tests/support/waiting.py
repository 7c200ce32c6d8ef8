"""Waiting for what is to come, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(
    look: Callable[[], T], what: str = "what was awaited", seconds: float = 30, pause: float = 0.1
) -> T:
    """Look until something true is there, and return it; fail if it is not there in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(pause)
    return found
