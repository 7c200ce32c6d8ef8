"""What the ab scenario writes."""

import statistics

import msgspec

from loadtest.machine import Machine

PAIR = ("mnist-api", "Flask + Keras (2018)")
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64)


class Point(msgspec.Struct):
    """One line of the table."""

    contestant: str
    model: str
    keep_alive: bool
    concurrency: int
    rate: float
    errors: int


class Study(msgspec.Struct):
    """One run."""

    machine: Machine
    seconds: int
    points: list[Point]
    raw: list[str]

    def ratio(self, model: str) -> float:
        """Return how many times as much ours answers, as the median up to concurrency 4.

        Beyond, most requests of the old design are unfinished when a point's time is over, so that
        its rate comes out too low.
        """
        rates = {
            (p.contestant, p.keep_alive, p.concurrency): p.rate
            for p in self.points
            if p.model == model
        }
        ours, theirs = PAIR
        return statistics.median(
            rate / rates[theirs, keep_alive, concurrency]
            for (name, keep_alive, concurrency), rate in rates.items()
            if name == ours and concurrency <= 4 and rates[theirs, keep_alive, concurrency]
        )
