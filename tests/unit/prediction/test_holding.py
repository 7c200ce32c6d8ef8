"""Refusals that are held back are sent after a while, in order."""

import asyncio
from functools import partial

import pytest

import mnist_api.prediction.holding
from mnist_api.prediction.holding import Holding


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_api.prediction.holding, "SECONDS", 0.01)


def test_each_is_sent_later_in_order() -> None:
    holding = Holding()

    async def play() -> list[int]:
        sent = asyncio.Queue[int]()
        for number in range(3):
            holding.hold(partial(sent.put_nowait, number))
            assert len(holding) == number + 1
            assert sent.empty()
        async with asyncio.timeout(10):
            return [await sent.get() for _ in range(3)]

    assert asyncio.run(play()) == [0, 1, 2]
    assert not holding


def test_what_is_held_back_later_is_sent_later() -> None:
    async def play() -> list[int]:
        holding, sent = Holding(), asyncio.Queue[int]()
        async with asyncio.timeout(10):
            holding.hold(partial(sent.put_nowait, 1))
            await asyncio.sleep(0.005)
            holding.hold(partial(sent.put_nowait, 2))
            return [await sent.get() for _ in range(2)]

    assert asyncio.run(play()) == [1, 2]
