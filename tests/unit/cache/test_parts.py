import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_api.cache.addresses import Addresses, lookup, parse_addresses
from mnist_api.cache.answer import Answer
from mnist_api.cache.breaker import Breaker
from mnist_api.cache.costs import Costs


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@given(st.integers(0, 9), st.lists(st.floats(0, 1, width=32), min_size=10, max_size=10))
def test_an_answer_comes_back_as_it_was_stored(label: int, probabilities: list[float]) -> None:
    answer = Answer(label, tuple(probabilities))
    assert Answer.from_bytes(answer.to_bytes()) == answer


@given(st.binary(max_size=60))
def test_what_somebody_else_stored_is_an_answer_or_absent(stored: bytes) -> None:
    answer = Answer.from_bytes(stored)
    assert answer is None or 0 <= answer.label <= 9


def test_another_layout_counts_as_absent() -> None:
    stored = Answer(3, (0.1,) * 10).to_bytes()
    assert Answer.from_bytes(b"\x02" + stored[1:]) is None
    assert Answer.from_bytes(stored[:1] + b"\x0b" + stored[2:]) is None


def test_addresses_are_read_from_their_setting() -> None:
    assert parse_addresses("a:1,b.example:11211") == (("a", 1), ("b.example", 11211))
    assert parse_addresses("") == ()


def test_a_name_is_resolved_to_all_its_addresses() -> None:
    assert ("127.0.0.1", 11211) in lookup("localhost", 11211)
    assert lookup("no-such-host.invalid", 11211) == []


def test_addresses_follow_the_name_and_outlast_its_absence() -> None:
    clock = Clock()
    answers = {"now": [("10.0.0.2", 1), ("10.0.0.1", 1)]}
    addresses = Addresses((("cache", 1),), lambda *_: answers["now"], clock)
    assert addresses.current() == (("10.0.0.1", 1), ("10.0.0.2", 1))
    answers["now"] = [("10.0.0.3", 1)]
    assert len(addresses.current()) == 2, "not resolved again yet"
    clock.now += 6
    assert addresses.current() == (("10.0.0.3", 1),)
    answers["now"] = []
    clock.now += 6
    assert addresses.current() == (("10.0.0.3", 1),)


def test_after_a_failure_calls_pause_longer_each_time() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    assert breaker.is_closed
    breaker.failed()
    assert not breaker.is_closed
    assert not breaker.is_trial_due()
    clock.now += 0.11
    assert breaker.is_trial_due()
    assert not breaker.is_trial_due(), "one trial, and nobody waits for it"
    assert not breaker.is_closed
    breaker.failed()
    clock.now += 0.11
    assert not breaker.is_trial_due()
    clock.now += 0.1
    assert breaker.is_trial_due()
    breaker.succeeded()
    assert breaker.is_closed
    assert not breaker.is_trial_due()


def test_the_pause_has_a_longest() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(20):
        breaker.failed()
    clock.now += 5.01
    assert breaker.is_trial_due()


KEY = "cnn:1:1:" + 30 * "0" + "04"
SAMPLED = {"cnn": "cnn:1:1:" + 30 * "0" + "00"}


def keys_of(*models: str) -> dict[str, str]:
    return dict.fromkeys(models, KEY)


def test_what_was_never_measured_is_tried() -> None:
    assert Costs().is_asking_worth_it(keys_of("cnn"), 300)


def test_the_cheaper_way_is_taken() -> None:
    costs = Costs()
    costs.asked(SAMPLED, 300, 200e-6, known=True)
    costs.pictured(300, 50e-6)
    costs.inferred("cnn", 90e-6)
    costs.inferred("slow", 400e-6)
    assert not costs.is_asking_worth_it(keys_of("cnn"), 300)
    assert costs.is_asking_worth_it(keys_of("cnn", "slow"), 300)
    costs.pictured(500_000, 0.02)
    assert costs.is_asking_worth_it(keys_of("cnn"), 500_000)


def test_a_cache_that_knows_nothing_of_such_pictures_is_not_worth_asking() -> None:
    costs = Costs()
    for _ in range(100):
        costs.asked(SAMPLED, 300, 200e-6, known=False)
        costs.asked(SAMPLED, 5_000, 200e-6, known=True)
    costs.inferred("cnn", 1e-3)
    assert not costs.is_asking_worth_it(keys_of("cnn"), 300)
    assert costs.is_asking_worth_it(keys_of("cnn"), 5_000)
    for _ in range(20):
        costs.asked(SAMPLED, 300, 200e-6, known=True)
    assert costs.is_asking_worth_it(keys_of("cnn"), 300)


def test_only_the_sample_tells_whether_the_cache_knows_anything() -> None:
    costs = Costs()
    for _ in range(1000):
        costs.asked(keys_of("cnn"), 300, 200e-6, known=False)
    costs.inferred("cnn", 1e-3)
    assert costs.is_asking_worth_it(keys_of("cnn"), 300)


@pytest.mark.parametrize(("image_bytes", "asked"), [(300, 1), (5000, 16)])
def test_one_key_in_256_is_asked_for_in_any_case_and_of_small_files_fewer(
    image_bytes: int, asked: int
) -> None:
    costs = Costs()
    costs.asked(SAMPLED, image_bytes, 1.0, known=False)
    assert not costs.is_asking_worth_it(keys_of("cnn"), image_bytes)
    assert costs.is_asking_worth_it(SAMPLED, image_bytes)
    digests = (f"{number:03x}" for number in range(4096))
    found = [costs.is_asking_worth_it({"cnn": digest}, image_bytes) for digest in digests]
    assert sum(found) == asked


def test_costs_follow_the_machine() -> None:
    costs = Costs()
    costs.asked(SAMPLED, 300, 1.0, known=True)
    for _ in range(200):
        costs.asked(SAMPLED, 300, 1e-6, known=True)
    costs.inferred("cnn", 90e-6)
    assert costs.is_asking_worth_it(keys_of("cnn"), 300)


def test_what_the_machine_delays_is_soon_forgotten() -> None:
    costs = Costs()
    costs.inferred("cnn", 300e-6)
    for _ in range(1000):
        costs.asked(SAMPLED, 300, 5e-3, known=True)
    for _ in range(6):
        costs.asked(SAMPLED, 300, 100e-6, known=True)
    assert costs.is_asking_worth_it(keys_of("cnn"), 300)
