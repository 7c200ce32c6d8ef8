"""The last lines that a process wrote."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import BinaryIO

_BYTES, _LINES, _WIDTH = 8192, 20, 200


def log_tail(descriptor: int) -> Sequence[str]:
    """Return the last lines of a file, or nothing where it is no file: a pipe, a terminal.

    What a progress bar wrote over itself counts as one line.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return []
    try:
        # Reads without moving the place at which others write.
        raw = os.pread(descriptor, _BYTES, max(0, status.st_size - _BYTES))
    except OSError:
        return []
    lines = (line.rstrip("\r").split("\r")[-1] for line in raw.decode(errors="replace").split("\n"))
    return [line[:_WIDTH] for line in lines if line.strip()][-_LINES:]


@contextmanager
def kept_output() -> Iterator[int]:
    """Give the descriptor of a file that holds what this process writes, however it is shown.

    A container's output is a pipe, whose last lines nobody can read: what goes there is copied.
    """
    shown = sys.stdout.fileno()
    if stat.S_ISREG(os.fstat(shown).st_mode):
        yield shown
        return
    with tempfile.TemporaryFile() as file, _redirected(shown) as (reading, ends):
        copying = Thread(target=_copy, args=(reading, ends, file), daemon=True)
        copying.start()
        yield file.fileno()
        sys.stdout.flush()
        sys.stderr.flush()
        # With the last end for writing the copy ends; a process left behind must not hold us up.
        os.dup2(ends[0], shown)
        os.dup2(ends[1], sys.stderr.fileno())
        copying.join(timeout=1)


@contextmanager
def _redirected(shown: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Have both outputs go into a pipe; give its end for reading, and where they went before."""
    reading, writing = os.pipe()
    ends = os.dup(shown), os.dup(sys.stderr.fileno())
    os.dup2(writing, shown)
    os.dup2(writing, sys.stderr.fileno())
    os.close(writing)
    try:
        yield reading, ends
    finally:
        for end in (reading, *ends):
            os.close(end)


def _copy(reading: int, ends: tuple[int, int], file: BinaryIO) -> None:
    while chunk := os.read(reading, _BYTES):
        os.write(ends[0], chunk)
        os.write(file.fileno(), chunk)
