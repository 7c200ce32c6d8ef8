"""A slower core: another process, ahead of all others, uses it most of the time.

In so small pieces that it looks like slowness, and not like a stop now and then as by a CPU quota.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Between two pieces of the other process; an answer of the CNN takes half of it on a whole core.
_LEFT_SECONDS = 0.0001
_PRIORITY = 5
_READY = "ready"


@contextmanager
def slowed(core: int, share: float) -> Iterator[None]:
    """Leave all else on a core only a share of its time, as root.

    Raises:
        RuntimeError: not allowed, or the other process ended on the way.
    """
    command = [sys.executable, "-m", "benchmarks.slowing", str(core), str(share)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None  # noqa: S101
            if process.stdout.readline().strip() != _READY:
                raise RuntimeError("no core can be slowed down: a real-time process wants root")
            yield
            if process.poll() is not None:
                raise RuntimeError("the core was as fast as ever at last")
        finally:
            process.kill()


def _use(core: int, share: float) -> None:
    """Use a core but for a share of its time, for ever."""
    os.sched_setaffinity(0, [core])
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))
    sys.stdout.write(f"{_READY}\n")
    sys.stdout.flush()
    used = _LEFT_SECONDS * (1 - share) / share
    while True:
        time.sleep(_LEFT_SECONDS)
        until = time.perf_counter() + used
        while time.perf_counter() < until:
            pass


if __name__ == "__main__":
    _use(int(sys.argv[1]), float(sys.argv[2]))
