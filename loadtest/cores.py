"""Which cores serve and which drive, so that neither takes from the other what is measured.

Only the standard library: the benchmarks of one worker use it too.
"""

import os
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
# From so many on, a quarter of them is enough to drive, and the rest shares nothing with it.
_MANY = 4


def server_cores(count: int = 1) -> list[int]:
    """Return so many cores, one thread of each: the first, and on a larger machine the next.

    Raises:
        ValueError: the machine has too few beside those that drive.
    """
    cores = _cores()
    own = cores[: len(cores) - len(cores) // _MANY] if len(cores) >= _MANY else cores[:1]
    if count > len(own):
        raise ValueError(f"{count} cores are asked for, {len(own)} are there beside the driver's")
    return [threads[0] for threads in own[:count]]


def driver_cores() -> list[int]:
    """Return the threads that drive: the second on a small machine, else a quarter of all cores."""
    cores = _cores()
    if len(cores) < _MANY:
        return [max(os.sched_getaffinity(0))]
    return [thread for threads in cores[-(len(cores) // _MANY) :] for thread in threads]


def pinned(cores: Collection[int]) -> list[str]:
    """Return the words that, before a command, bind it to cores; none for none."""
    return ["taskset", "-c", ",".join(map(str, cores))] if cores else []


def ahead() -> list[str]:
    """Return the words that, before a command, let it go before all others; none if not allowed.

    As from a machine of its own: a generator that waits for what it drives measures that too. Its
    threads take turns: one of Go's may spin until another has done something, on one core for ever.
    """
    words = ["chrt", "--rr", "10"]
    if shutil.which(words[0]) is None:
        return []
    tried = subprocess.run([*words, "true"], capture_output=True, check=False)
    return [] if tried.returncode else words


def _cores() -> list[list[int]]:
    """Return the threads of each core that this process may use."""
    told: dict[str, list[int]] = {}
    for thread in sorted(os.sched_getaffinity(0)):
        file = Path(_SIBLINGS.format(thread))
        told.setdefault(file.read_text() if file.exists() else str(thread), []).append(thread)
    cores = list(told.values())
    threads = [thread for core in cores for thread in core]
    # Virtual machines often hide which threads share a core; it is neighbours, where any do.
    if len(cores) == len(threads) > _MANY:
        cores = [threads[at : at + 2] for at in range(0, len(threads), 2)]
    return cores
