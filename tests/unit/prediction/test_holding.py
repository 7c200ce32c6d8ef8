"""Refusals wait for a while where a proxy refuses meanwhile, and keep their order."""

import asyncio
from functools import partial

import pytest

import mnist_api.prediction.holding
from mnist_api.prediction.admission import Admission
from mnist_api.prediction.holding import Holding

PLACES = 16


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_api.prediction.holding, "SECONDS", 0.01)


def crowded(places: float) -> Admission:
    """Return an admission that has just refused one."""
    admission = Admission(1e-9, places=places)
    for _ in range(PLACES):
        admission.finished(admission.arrived())
    assert not admission.admits()
    return admission


def test_without_a_proxy_each_is_sent_at_once() -> None:
    sent: list[int] = []
    Holding(crowded(float("inf"))).see_to(lambda: sent.append(1))
    assert sent == [1]


def test_behind_one_each_is_sent_later_in_order() -> None:
    admission = crowded(PLACES)

    async def play() -> list[int]:
        holding, sent = Holding(admission), asyncio.Queue[int]()
        for number in range(3):
            holding.see_to(partial(sent.put_nowait, number))
            assert admission.held == number + 1
            assert sent.empty()
        async with asyncio.timeout(10):
            return [await sent.get() for _ in range(3)]

    assert asyncio.run(play()) == [0, 1, 2]
    assert admission.held == 0


def test_what_is_held_back_later_is_sent_later() -> None:
    admission = crowded(PLACES)

    async def play() -> list[int]:
        holding, sent = Holding(admission), asyncio.Queue[int]()
        async with asyncio.timeout(10):
            holding.see_to(partial(sent.put_nowait, 1))
            await asyncio.sleep(0.005)
            holding.see_to(partial(sent.put_nowait, 2))
            return [await sent.get() for _ in range(2)]

    assert asyncio.run(play()) == [1, 2]
