"""The cache's levels against a real memcached, healthy and ill."""

import http.client
import itertools
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.stages import on_canvas, png_of
from tests.support.memcached import running_memcached, start_memcached
from tests.support.server import Server, running_server
from tests.support.waiting import eventually

SKIPPED = 'mnist_api_cache_requests_total{level="local",result="skip"}'
LOOKUPS = 'mnist_api_cache_requests_total{level="memcached",result="%s"}'
Digits = dict[str, np.ndarray]


@pytest.fixture
def large(digits: Digits) -> Callable[[int], bytes]:
    """Make large pictures of digits, which cost more to decode than memcached to ask."""

    def make(index: int) -> bytes:
        canvas = Image.fromarray(on_canvas(digits["holdout_images"][index]))
        return png_of(np.asarray(canvas.resize((1600, 1600))))

    return make


def ask(server: Server, image: bytes, **headers: str) -> tuple[dict[str, object], str]:
    status, answer, answered = server.post("/predict/", image, "image/png", **headers)
    assert status == 200, answer
    return answer, answered["X-Cache"]


def test_an_answer_is_remembered_by_the_process(
    tmp_path: Path, large: Callable[[int], bytes]
) -> None:
    with running_server(tmp_path) as server:
        first, computed = ask(server, large(0))
        second, remembered = ask(server, large(0))
        assert (computed, remembered) == ("miss", "local")
        assert first == second


def test_a_client_may_ask_for_a_fresh_answer(tmp_path: Path, large: Callable[[int], bytes]) -> None:
    with running_server(tmp_path) as server:
        ask(server, large(0))
        assert ask(server, large(0), Cache_Control="no-cache")[1] == "miss"


def test_what_one_replica_computed_another_finds_in_memcached(
    tmp_path: Path, large: Callable[[int], bytes]
) -> None:
    with (
        running_memcached() as memcached,
        running_server(tmp_path, memcached=memcached.address) as one,
        running_server(tmp_path, memcached=memcached.address) as other,
    ):
        answer, source = ask(one, large(0))
        assert source == "miss"
        deadline = time.monotonic() + 5
        while (found := ask(other, large(0), Cache_Control="max-age=60"))[1] == "miss":
            assert time.monotonic() < deadline, "the answer never reached memcached"
            ask(one, large(1))
        assert found[0] == answer
        assert other.metric(LOOKUPS % "hit") >= 3 or found[1] == "local"


def test_a_cheap_picture_is_computed_rather_than_asked_for(tmp_path: Path, digits: Digits) -> None:
    with (
        running_memcached() as memcached,
        running_server(tmp_path, memcached=memcached.address) as server,
    ):
        for image in digits["holdout_images"][:400]:
            server.post("/predict/?model=mlp", png_of(image), "image/png")
        assert server.metric(LOOKUPS % "skip") > 300


def test_the_cache_is_left_out_while_nothing_comes_twice_and_comes_back(
    tmp_path: Path, digits: Digits
) -> None:
    picture = png_of(digits["holdout_images"][0])
    serials = itertools.count()

    def send_a_thousand_new_ones() -> float:
        for serial in itertools.islice(serials, 1000):
            # What follows a PNG's end makes another file of the same picture.
            file = picture + serial.to_bytes(4, "big")
            line.request("POST", "/predict/?model=mlp", file, {"Content-Type": "image/png"})
            line.getresponse().read()
        return server.metric(SKIPPED)

    with running_server(tmp_path) as server:
        line = http.client.HTTPConnection(server.host, server.port)
        eventually(send_a_thousand_new_ones, "the cache left out")
        eventually(lambda: ask(server, picture)[1] == "local", "the cache's return", pause=0.01)
        line.close()


@pytest.mark.parametrize("illness", [signal.SIGKILL, signal.SIGSTOP])
def test_without_memcached_every_request_is_answered(
    tmp_path: Path, large: Callable[[int], bytes], illness: signal.Signals
) -> None:
    with (
        running_memcached() as memcached,
        running_server(tmp_path, memcached=memcached.address) as server,
    ):
        ask(server, large(0))
        memcached.process.send_signal(illness)
        for index in range(1, 8):
            assert ask(server, large(index))[1] == "miss"
        assert server.metric(LOOKUPS % "error") > 0


def test_memcached_is_used_again_once_it_is_back(
    tmp_path: Path, large: Callable[[int], bytes]
) -> None:
    with (
        running_memcached() as memcached,
        running_server(tmp_path, memcached=memcached.address) as server,
    ):
        ask(server, large(0))
        memcached.stop(signal.SIGKILL)
        ask(server, large(1))
        again = start_memcached(memcached.port)
        try:
            before = server.metric(LOOKUPS % "miss")
            deadline = time.monotonic() + 20
            index = 2
            while server.metric(LOOKUPS % "miss") == before:
                assert time.monotonic() < deadline, "memcached was not tried again"
                ask(server, large(index))
                index += 1
        finally:
            again.stop()


def test_the_service_starts_without_its_memcached(tmp_path: Path, digits: Digits) -> None:
    with running_server(tmp_path, memcached="no-such-host.invalid:11211") as server:
        answer, source = ask(server, png_of(digits["train_images"][0]))
        assert (answer["prediction"], source) == (int(digits["train_labels"][0]), "miss")


def test_the_same_picture_asked_at_once_is_computed_once(
    tmp_path: Path, large: Callable[[int], bytes]
) -> None:
    with running_server(tmp_path) as server, ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda image: ask(server, image)[0], [large(3)] * 8))
        assert all(answer == answers[0] for answer in answers)
        decoded = server.metric('mnist_api_stage_duration_seconds_count{stage="decode"}')
        assert decoded < 8
