"""The last lines that a process wrote."""

import os
import stat
from collections.abc import Sequence

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
