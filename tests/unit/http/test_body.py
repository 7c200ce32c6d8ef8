import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from falcon.asgi import Request

from mnist_api.errors import BodyTooLarge, IncompleteBody
from mnist_api.http import body as module
from mnist_api.http.body import read_body
from mnist_api.http.turn import TURN, Turn


class FakeStream:
    """What Falcon's stream offers, over parts."""

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        self._parts = parts

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts

    async def read(self) -> bytes:
        return b"".join([part async for part in self._parts])


class FakeRequest:
    """A body that arrives in parts, perhaps for ever."""

    def __init__(
        self,
        parts: AsyncIterator[bytes],
        length: int | None,
        turn: Turn | None = None,
        **headers: str,
    ) -> None:
        self.stream = FakeStream(parts)
        self.content_length = length
        self.scope = {TURN: turn}
        self._headers = headers

    def get_header(self, name: str) -> str | None:
        return self._headers.get(name)


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def endless(seconds: float) -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(seconds)
        yield b"x" * 1_000_000


def read(request: FakeRequest, most: int = 10) -> bytes:
    return asyncio.run(read_body(cast("Any", cast("Request", request)), most))


def test_parts_are_joined() -> None:
    assert read(FakeRequest(parts(b"abc", b"def"), 6)) == b"abcdef"


def test_without_a_length_the_end_is_the_end() -> None:
    assert read(FakeRequest(parts(b"abc"), None)) == b"abc"


def test_a_body_that_stops_early_is_incomplete() -> None:
    with pytest.raises(IncompleteBody, match="after 3 of 6 bytes"):
        read(FakeRequest(parts(b"abc"), 6))


@pytest.mark.parametrize("length", [6, None])
def test_a_body_that_was_cut_off_for_its_slowness_is_incomplete(length: int | None) -> None:
    with pytest.raises(IncompleteBody, match="too long"):
        read(FakeRequest(parts(b"abc"), length, Turn(arrived=0.0, is_late=True)))


@pytest.mark.parametrize("length", [11, None])
def test_a_long_body_is_read_to_its_end_and_refused(length: int | None) -> None:
    arriving = parts(b"x" * 6, b"x" * 5, b"rest")
    with pytest.raises(BodyTooLarge):
        read(FakeRequest(arriving, length))
    assert asyncio.run(anext(arriving, b"nothing left")) == b"nothing left"  # type: ignore[arg-type]


def test_a_client_that_waits_for_a_continue_is_refused_at_once() -> None:
    with pytest.raises(BodyTooLarge):
        read(FakeRequest(endless(60), 11, Expect="100-continue"))


@pytest.mark.parametrize("seconds", [0.0, 0.4])
def test_an_endless_body_is_not_read_for_ever(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_DRAIN_BYTES", 5_000_000)
    with pytest.raises(BodyTooLarge):
        read(FakeRequest(endless(seconds), None))
