"""Refusals that are held back are sent after a while, not all at once."""

import asyncio
from functools import partial

import pytest

import mnist_api.prediction.holding
from mnist_api.prediction.holding import Holding

COUNT = 50


def test_all_are_sent_later_and_counted_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_api.prediction.holding, "SECONDS", (0.005, 0.015))

    async def play() -> set[int]:
        holding, sent = Holding(), asyncio.Queue[int]()
        for number in range(COUNT):
            holding.hold(partial(sent.put_nowait, number))
        assert len(holding) == COUNT
        assert sent.empty()
        async with asyncio.timeout(10):
            numbers = {await sent.get() for _ in range(COUNT)}
        assert len(holding) == 0
        return numbers

    assert asyncio.run(play()) == set(range(COUNT))


def test_those_that_are_held_together_are_not_sent_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delays: list[float] = []

    class Clock:
        def call_later(self, delay: float, *_: object) -> None:
            delays.append(delay)

    monkeypatch.setattr(asyncio, "get_running_loop", Clock)
    holding = Holding()
    for _ in range(COUNT):
        holding.hold(lambda: None)
    first, last = mnist_api.prediction.holding.SECONDS
    assert first <= min(delays) < max(delays) <= last
    assert max(delays) - min(delays) > (last - first) / 2
