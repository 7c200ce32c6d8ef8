"""Locust as what saturates: which of its requests count, and what is measured beside them."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from loadtest.meter import Meter
from loadtest.saturating import between
from loadtest.targets import Target


@dataclass
class Clock:
    """A part that has used so much, of so many periods."""

    used: float = 0.0
    periods: list[int] = field(default_factory=lambda: [0, 0])


def test_what_is_answered_within_the_span_counts() -> None:
    # Sent, milliseconds, right.
    records = np.array([[0.9, 50, 1], [0.9, 150, 1], [1.5, 10, 0], [1.9, 99, 1], [1.9, 101, 1]])
    assert between(records, 1.0, 2.0).tolist() == records[1:4].tolist()


def test_two_looks_tell_what_was_used_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, now = Clock(), [0.0]
    monkeypatch.setattr("loadtest.meter.time.monotonic", lambda: now[0])
    target = Target("http://a", {"service": lambda: clock.used}, lambda: tuple(clock.periods))
    first = Meter(target, lambda: 10 * clock.used)
    clock.used, clock.periods, now[0] = 1.0, [10, 5], 4.0
    second = Meter(target, lambda: 10 * clock.used)
    clock.used, clock.periods, now[0] = 100.0, [1000, 5], 5.0
    cores = first.cores_until(second)
    assert (cores["service"], cores["generator"]) == (0.25, 2.5)
    assert first.throttled_until(second) == 0.5


def test_what_was_used_is_a_mean_over_the_load_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, now = Clock(), [0.0]
    monkeypatch.setattr("loadtest.meter.time.monotonic", lambda: now[0])
    meter = Meter(Target("http://a", {"service": lambda: clock.used}, lambda: (0, 0)))
    clock.used, now[0] = 1.0, 5.0
    assert meter.cores()["service"] == 0.2
    assert meter.cores(4.0)["service"] == 0.25
