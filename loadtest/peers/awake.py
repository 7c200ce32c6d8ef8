"""Servers that stand still while others are measured, so that none pays for another's idling."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from loadtest.processes import tree
from loadtest.service import Running


@contextmanager
def stopped(server: AbstractContextManager[Running]) -> Iterator[Running]:
    """Start a server and stop its processes; let them go on before the server is ended."""
    with server as running:
        _signal(running, signal.SIGSTOP)
        try:
            yield running
        finally:
            _signal(running, signal.SIGCONT)


@contextmanager
def awake(server: Running) -> Iterator[None]:
    """Let a stopped server run; a moment first, in which it does what it had put off."""
    _signal(server, signal.SIGCONT)
    time.sleep(0.3)
    try:
        yield
    finally:
        _signal(server, signal.SIGSTOP)


def _signal(server: Running, number: signal.Signals) -> None:
    for pid in tree(server.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
