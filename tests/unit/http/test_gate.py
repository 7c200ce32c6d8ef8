"""A refusal is sent at once, but behind a proxy that refuses too: there it is held back."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from mnist_api.http.gate import Gate
from mnist_api.metrics import Metrics
from mnist_api.prediction.admission import Admission
from mnist_api.prediction.decode_pool import DecodePool
from mnist_api.prediction.holding import Holding

PREDICTION = (Path(__file__).parents[2] / "requests" / "valid" / "one_model.http").read_bytes()
PLACES = 16


@pytest.fixture
def pool() -> Iterator[DecodePool]:
    pool = DecodePool(1, 0.0, Metrics(CollectorRegistry()))
    yield pool
    pool.close()


def refused(places: float, pool: DecodePool) -> tuple[list[bytes], int]:
    """Have one refused where all places are taken; return what was sent, and how many are held."""

    async def play() -> tuple[list[bytes], int]:
        holding, sent = Holding(), list[bytes]()
        admission = Admission(1e-9, places=places, held=holding)
        for _ in range(PLACES):
            admission.finished(admission.arrived())
        gate = Gate(admission, holding, pool, 10_000, Metrics(CollectorRegistry()))
        assert gate.refuses(PREDICTION, sent.append)
        return sent, len(holding)

    return asyncio.run(play())


def test_without_a_proxy_each_is_sent_at_once(pool: DecodePool) -> None:
    (response,), held = refused(math.inf, pool)
    assert response.startswith(b"HTTP/1.1 503 ")
    assert held == 0


def test_behind_a_proxy_it_is_held_back(pool: DecodePool) -> None:
    assert refused(PLACES, pool) == ([], 1)
