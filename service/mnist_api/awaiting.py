"""What a connection's client has to send next, and since when it is awaited."""

from collections.abc import Callable, Mapping
from enum import Enum, auto


class Awaited(Enum):
    """What a client has to send."""

    HEAD = auto()
    """The rest of a request's line and headers; on a new connection, all of it."""
    BODY = auto()
    NEXT = auto()
    """Another request, or nothing any more."""


class Awaiting:
    """At most one thing is awaited at a time."""

    __slots__ = ("_clock", "since", "what")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.what: Awaited | None = None
        self.since = 0.0

    def begin(self, what: Awaited) -> None:
        """Await something from now on."""
        self.what, self.since = what, self._clock()

    def end(self, what: Awaited) -> None:
        """Await it no more; another thing that is awaited by now still is."""
        if self.what is what:
            self.what = None

    def late(self, before: Mapping[Awaited, float]) -> Awaited | None:
        """Return what is awaited if that began before the time that is given for it."""
        return self.what if self.what and self.since < before[self.what] else None
