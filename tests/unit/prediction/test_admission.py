"""A queue is bounded by the time it takes, and kept short in a rush."""

import math

import pytest

from mnist_api.prediction.admission import Admission

PACE = 0.01
FEW = 16
# What a proxy sends at once, when its places count as taken, and what is let in then.
PLACES = 64
FULL = 56
FEWEST = 4


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Worker:
    """An admission whose requests each take `PACE` seconds, one after the other."""

    def __init__(self, max_wait: float = 1.0, places: float = math.inf) -> None:
        self.clock = Clock()
        self.held: list[None] = []
        self.admission = Admission(max_wait, self.clock, places=places, held=self.held)
        self.queue: list[float] = []
        for _ in range(50):
            self.offer()
            self.answer()

    def offer(self) -> bool:
        if not self.admission.admits():
            return False
        self.queue.append(self.admission.arrived())
        return True

    def answer(self) -> None:
        self.admission.started()
        self.clock.now += PACE
        self.admission.finished(self.queue.pop(0))

    def fill(self) -> int:
        """Offer until one is refused; return how many waited then."""
        while self.offer():
            pass
        return len(self.queue)


def test_the_queue_is_as_long_as_can_be_answered_within_the_longest_wait() -> None:
    assert Worker(max_wait=1.0).fill() == pytest.approx(1.0 / PACE, abs=2)


def test_the_expected_wait_follows_the_pace() -> None:
    worker = Worker()
    worker.offer()
    worker.offer()
    assert worker.admission.expected_wait == pytest.approx(2 * PACE)


def test_in_a_rush_only_a_short_queue_is_kept() -> None:
    worker = Worker()
    worker.fill()
    while len(worker.queue) > FEW:
        worker.answer()
        assert not worker.offer() or len(worker.queue) <= FEW
    assert worker.fill() == FEW


def test_what_waited_before_the_rush_was_noticed_is_let_go() -> None:
    worker = Worker()
    worker.offer()
    first = worker.queue[0]
    worker.clock.now += 0.5
    assert not worker.admission.is_stale(first)
    worker.fill()
    assert worker.admission.is_stale(first)
    assert not worker.admission.is_stale(worker.queue[-1])
    worker.clock.now += 2.9 * FEW * PACE
    assert not worker.admission.is_stale(worker.queue[-1])
    worker.fill()
    worker.clock.now += 0.2 * FEW * PACE
    assert worker.admission.is_stale(worker.queue[-1])
    worker.clock.now += 1
    assert not worker.admission.is_stale(worker.queue[-1])


def test_the_long_queue_is_back_when_nobody_was_refused_for_a_while() -> None:
    worker = Worker()
    worker.fill()
    while worker.queue:
        worker.answer()
    worker.clock.now += 0.6
    assert worker.fill() == pytest.approx(1.0 / PACE, abs=2)


def test_a_rush_without_end_is_put_to_the_test_now_and_then() -> None:
    worker = Worker()
    worker.fill()
    lengths = []
    for _ in range(round(31 / PACE)):
        worker.answer()
        lengths.append(worker.fill())
    # The first second works off the long queue with which the rush began.
    assert max(lengths[100 : round(29 / PACE)]) == FEW
    assert max(lengths[round(29 / PACE) :]) > 50


def test_a_few_are_admitted_however_slow_the_pace() -> None:
    worker = Worker(max_wait=0.001)
    assert worker.fill() == FEW


def test_without_a_longest_wait_all_are_admitted() -> None:
    worker = Worker(max_wait=0)
    assert all(worker.offer() for _ in range(10_000))


def test_time_without_requests_does_not_count_as_pace() -> None:
    worker = Worker()
    worker.clock.now += 3600
    worker.offer()
    worker.answer()
    worker.offer()
    assert worker.admission.expected_wait == pytest.approx(PACE)


def test_a_pause_of_the_whole_process_is_no_pace() -> None:
    worker = Worker()
    worker.offer()
    worker.clock.now += 60
    worker.answer()
    worker.offer()
    assert worker.admission.expected_wait < 1.2 * PACE


def test_ends_that_are_told_late_and_in_any_order_leave_the_pace_right() -> None:
    clock = Clock()
    admission = Admission(1.0, clock)
    begin = clock.now
    for _ in range(60):
        admission.arrived()
    clock.now += 60 * PACE
    ends = [begin + (number + 1) * PACE for number in range(60)]
    for first, second in zip(ends[::2], ends[1::2], strict=True):
        for ended in (second, first):
            admission.started()
            admission.finished(begin, ended)
    admission.arrived()
    assert admission.expected_wait == pytest.approx(PACE, rel=0.2)


def test_where_a_proxy_refuses_others_the_queue_is_kept_short() -> None:
    worker = Worker(places=PLACES)
    assert worker.fill() == FULL
    worker.held += [None] * (PLACES - FULL)
    while len(worker.queue) > FEWEST:
        worker.answer()
        assert not worker.offer()
        worker.held.append(None)
    worker.answer()
    assert worker.fill() == FEWEST


def test_refusals_may_be_held_back_in_a_rush_behind_a_proxy() -> None:
    behind, alone = Worker(places=PLACES), Worker()
    assert not behind.admission.may_hold
    for worker in (behind, alone):
        worker.fill()
    assert behind.admission.may_hold
    assert not alone.admission.may_hold


def test_the_queue_may_be_long_again_soon_after_the_proxy_has_places() -> None:
    worker = Worker(places=PLACES)
    worker.fill()
    while worker.queue:
        worker.answer()
    worker.clock.now += 0.6
    for _ in range(FULL - 1):
        assert worker.offer()


def test_what_waited_before_the_proxy_refused_is_let_go() -> None:
    worker = Worker(places=PLACES)
    worker.fill()
    worker.clock.now += 2.9 * FEW * PACE
    assert not worker.admission.is_stale(worker.queue[0])
    worker.clock.now += 0.2 * FEW * PACE
    worker.offer()
    assert worker.admission.is_stale(worker.queue[0])


def test_behind_a_proxy_a_few_are_not_refused_for_their_time() -> None:
    worker = Worker(max_wait=0.001, places=PLACES)
    assert worker.fill() == FEW


def test_behind_a_proxy_too_all_are_admitted_without_a_longest_wait() -> None:
    worker = Worker(max_wait=0, places=PLACES)
    assert all(worker.offer() for _ in range(1000))
