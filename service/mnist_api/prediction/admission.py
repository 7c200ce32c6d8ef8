"""How many requests may wait: a bound in time, by what a request is measured to take.

A worker computes on its event loop, one request after the other, so what waits before a request
takes its number times the pace at which requests are finished. A queue that clients fill and empty
(a burst, or a few dozen that each ask anew when they have their answer) is worth having: nobody is
refused. A queue that outgrows `max_wait` tells that more is asked than can be answered; then it is
a delay for everyone and no gain for anyone, so the bound shrinks until the rush is over, and what
has waited too long already is let go (after CoDel: Nichols and Jacobson, "Controlling queue delay",
2012).

Behind a proxy that sends only so many requests at once there is no such queue, however much is
asked. But where all its places are taken it refuses others, so that is a rush too.
"""

import math
import time
from collections.abc import Callable, Sized

# Each new measurement counts for a twentieth: a change of pace shows within some fifty requests.
_WEIGHT = 0.05
# In a rush the queue is kept to this share of the longest wait: short enough to answer quickly,
# long enough that the loop never lacks work between two looks at its sockets.
_BRIEF_SHARE = 1 / 64
# So few are not refused for their time: a machine that gives the process hardly any makes any pace
# slow, and eight clients that wait for their answers are no rush.
_ALWAYS = 16
# In a rush a request is let go when it has waited for so large a share of the longest wait, or for
# so many times what the few that are never refused take: waiting may be longer than was expected,
# and a service that lets go all it took in answers nobody.
_STALE_SHARE = 1 / 4
_STALE_TIMES = 3
# A measurement counts for at most this many times the pace: a process that was not run for 100 ms,
# as happens under a CPU limit, has not become slower for that.
_MOST_CHANGE = 4
# A proxy's places count as taken when so large a share of them is: some requests and answers are on
# their way.
_FULL_SHARE = 7 / 8
# While they are, the next requests come with the answers, so it is enough that so few are there.
_FEW = 4
# A rush is over when nobody had to be refused for so long...
_CALM_SECONDS = 0.5
# ... or is put to the test after so long: clients who wait their turn deserve the long queue back.
_LONGEST_RUSH_SECONDS = 30.0


class Admission:
    """Counts the requests of one event loop, and tells whether one more may wait."""

    def __init__(
        self,
        max_wait: float,
        clock: Callable[[], float] = time.perf_counter,
        always: int = _ALWAYS,
        places: float = math.inf,
        held: Sized = (),
    ) -> None:
        """Begin without a queue.

        Args:
            max_wait: longest time in seconds that a request should wait for its turn; 0 admits all.
            clock: seconds from any start.
            always: so many may wait whatever the time.
            places: so many requests a proxy in front sends this worker at once; more it refuses.
            held: refusals that are not sent yet, each of which takes one of these places.
        """
        self._max_wait = max_wait
        self._clock = clock
        self._always = always if max_wait > 0 else math.inf
        self._full = _FULL_SHARE * places if max_wait > 0 else math.inf
        self._few = self._always if math.isinf(self._full) else _FEW
        self._waiting = 0
        self._pace = 0.0
        self._last_finish = 0.0
        self._rush_ends = 0.0
        self._test_at = 0.0
        self._full_until = 0.0
        self._held = held
        # PERF: looked at for every request, at two places; a property is a call.
        self.is_crowded = False
        """Whether so many wait that one more may be refused."""

    @property
    def expected_wait(self) -> float:
        """Seconds that one more request would wait for its turn."""
        return self._waiting * self._pace

    @property
    def may_hold(self) -> bool:
        """Whether there is a rush, and a proxy that refuses what finds its places taken."""
        return math.isfinite(self._full) and self._is_rush(self._clock())

    def admits(self) -> bool:
        """Tell whether one more request may wait; a refusal is remembered."""
        if not self.is_crowded:
            return True
        wait = self.expected_wait
        if wait <= self._max_wait * _BRIEF_SHARE:
            return True
        now = self._clock()
        if self._waiting + len(self._held) >= self._full:
            self._full_until = now + _CALM_SECONDS
        if now < self._full_until:
            return False
        if self._waiting < self._always:
            return True
        if now >= self._rush_ends:
            if wait <= self._max_wait:
                return True
            self._test_at = now + _LONGEST_RUSH_SECONDS
        self._rush_ends = min(now + _CALM_SECONDS, self._test_at)
        return False

    def is_stale(self, arrived: float) -> bool:
        """Tell whether a request that arrived at a time comes from before the rush was noticed."""
        now = self._clock()
        if not self._is_rush(now):
            return False
        return now - arrived > max(
            self._max_wait * _STALE_SHARE, _STALE_TIMES * self._always * self._pace
        )

    def _is_rush(self, now: float) -> bool:
        return now < self._rush_ends or now < self._full_until

    def arrived(self) -> float:
        """Count a request that waits for its turn; return the time."""
        self._waiting += 1
        self.is_crowded = self._waiting >= self._few
        return self._clock()

    def started(self) -> None:
        """Count a request whose turn it is, or that went away before."""
        self._waiting -= 1
        self.is_crowded = self._waiting >= self._few

    def finished(self, arrived: float, ended: float | None = None) -> None:
        """Learn the pace from a request that is answered.

        Args:
            arrived: when it did.
            ended: when its work was done, if that was not just now; in any order.
        """
        end = self._clock() if ended is None else max(ended, self._last_finish)
        took = end - max(arrived, self._last_finish)
        self._last_finish = end
        if self._pace:
            took = min(took, _MOST_CHANGE * self._pace)
            self._pace += _WEIGHT * (took - self._pace)
        else:
            self._pace = took
