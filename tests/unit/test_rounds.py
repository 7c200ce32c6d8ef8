"""What comes in one turn of the loop is answered in order, and sent together."""

import asyncio
from collections.abc import Callable
from itertools import count

import pytest

import mnist_api.rounds
from mnist_api.rounds import Round


class Asker:
    """Notes what happens to it, and to its neighbours."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self.name = name
        self.seen = seen
        self.then: Callable[[], object] = lambda: None

    def answer(self, request: bytes, arrived: float) -> bytes | None:
        self.seen.append(f"{self.name} answers {request.decode()} of {arrived:g}")
        if request == b"broken":
            raise ArithmeticError("broken")
        return None if request == b"other" else request.upper()

    def finish(self, request: bytes, response: bytes | None) -> None:
        if response == b"UNSENDABLE":
            raise ArithmeticError("unsendable")
        said = response.decode() if response is not None else f"goes on with {request.decode()}"
        self.seen.append(f"{self.name} {said}")
        self.then()

    def abort(self) -> None:
        self.seen.append(f"{self.name} ends")


def played(fill: Callable[[Round, Callable[[str], Asker]], None]) -> list[str]:
    """Return what happened until nothing was left to be done."""
    seen: list[str] = []

    async def play() -> None:
        fill(Round(asyncio.get_running_loop()), lambda name: Asker(name, seen))
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(play())
    return seen


def joining(*asked: tuple[str, bytes]) -> Callable[[Round, Callable[[str], Asker]], None]:
    """Return what lets askers of these names join, one after the other."""

    def fill(round_: Round, asker: Callable[[str], Asker]) -> None:
        for number, (name, request) in enumerate(asked, 1):
            round_.join(asker(name), request, number)

    return fill


def slow_clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """Let each look at the clock take so long."""
    ticks = count()
    monkeypatch.setattr(mnist_api.rounds, "perf_counter", lambda: next(ticks) * step)


def test_all_are_answered_before_any_answer_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_clock(monkeypatch, 0)
    assert played(joining(("a", b"x"), ("b", b"other"))) == [
        "a answers x of 1",
        "b answers other of 2",
        "a X",
        "b goes on with other",
    ]


def test_no_answer_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_clock(monkeypatch, 1)
    assert played(joining(("a", b"x"), ("b", b"y"))) == [
        "a answers x of 1",
        "a X",
        "b answers y of 2",
        "b Y",
    ]


def test_after_a_while_the_loop_looks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_clock(monkeypatch, 1)

    def fill(round_: Round, asker: Callable[[str], Asker]) -> None:
        joining(("a", b"x"), ("b", b"y"))(round_, asker)
        asyncio.get_running_loop().call_soon(lambda: round_.join(asker("c"), b"z", 3))
        asyncio.get_running_loop().call_soon(lambda: round_.send(asker("d"), b"", b"no"))

    assert [line for line in played(fill) if "answers" not in line] == ["a X", "d no", "b Y", "c Z"]


def test_what_is_known_already_is_sent_first() -> None:
    def fill(round_: Round, asker: Callable[[str], Asker]) -> None:
        round_.join(asker("a"), b"x", 1)
        round_.send(asker("b"), b"y", b"no")

    assert played(fill) == ["b no", "a answers x of 1", "a X"]


def test_one_that_fails_takes_no_other_along() -> None:
    fill = joining(("a", b"broken"), ("b", b"unsendable"), ("c", b"x"))
    assert [line for line in played(fill) if "answers" not in line] == [
        "a goes on with broken",
        "b ends",
        "c X",
    ]


def test_what_comes_of_an_answer_is_of_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    slow_clock(monkeypatch, 0)

    def fill(round_: Round, asker: Callable[[str], Asker]) -> None:
        first, second = asker("a"), asker("b")
        later = asker("c")
        first.then = lambda: round_.join(later, b"z", 3)
        round_.join(first, b"x", 1)
        round_.join(second, b"y", 2)

    assert played(fill)[-3:] == ["b Y", "c answers z of 3", "c Z"]
