"""Where the memcached servers are, followed as they come and go."""

import socket
import time
from collections.abc import Callable

Address = tuple[str, int]

# Pods change seldom, and an address that is gone is skipped at once; a new one may wait this long.
_RESOLVE_SECONDS = 5.0


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Return the pairs of `host:port,host:port`."""
    pairs = (part.rpartition(":") for part in text.split(",") if part)
    return tuple((host, int(port)) for host, _, port in pairs)


def lookup(host: str, port: int) -> list[Address]:
    """Return all addresses of a name; of a name that is not known now, none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [(str(entry[4][0]), port) for entry in found]


class Addresses:
    """The servers' addresses, resolved anew every few seconds.

    Resolving blocks: call it from threads that may. Several may call it at once; at worst they
    resolve at the same time and agree.
    """

    def __init__(
        self,
        names: tuple[Address, ...],
        resolve: Callable[[str, int], list[Address]] = lookup,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._names = names
        self._resolve = resolve
        self._clock = clock
        self._due = 0.0
        self._current: tuple[Address, ...] = ()

    def current(self) -> tuple[Address, ...]:
        """Return the sorted addresses; the last known ones while no name can be resolved."""
        now = self._clock()
        if now >= self._due:
            self._due = now + _RESOLVE_SECONDS
            found = {address for name in self._names for address in self._resolve(*name)}
            self._current = tuple(sorted(found)) or self._current
        return self._current
