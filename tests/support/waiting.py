"""Waiting for what is to come, with a deadline."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Look until something holds; fail if it has not by then."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not come to hold within {seconds} s"
        time.sleep(0.1)
