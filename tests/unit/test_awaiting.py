"""What is awaited, and since when."""

from mnist_api.awaiting import Awaited, Awaiting


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


BEFORE = {Awaited.HEAD: 105.0, Awaited.BODY: 90.0, Awaited.NEXT: 90.0}


def test_nothing_is_late_of_which_nothing_is_awaited() -> None:
    awaiting = Awaiting(Clock())
    assert awaiting.late(BEFORE) is None


def test_what_began_before_its_own_time_is_late() -> None:
    clock = Clock()
    awaiting = Awaiting(clock)
    awaiting.begin(Awaited.BODY)
    assert awaiting.late(BEFORE) is None
    awaiting.begin(Awaited.HEAD)
    assert awaiting.late(BEFORE) is Awaited.HEAD
    clock.now = 105.0
    awaiting.begin(Awaited.HEAD)
    assert awaiting.late(BEFORE) is None


def test_what_has_come_ends_no_wait_for_something_else() -> None:
    awaiting = Awaiting(Clock())
    awaiting.begin(Awaited.NEXT)
    awaiting.end(Awaited.BODY)
    assert awaiting.what is Awaited.NEXT
    awaiting.end(Awaited.NEXT)
    assert awaiting.what is None
