import pytest

from loadtest.shapes import NAMES, Shape, saturated


@pytest.mark.parametrize("name", NAMES)
def test_every_form_stays_between_one_user_and_the_peak_and_ends(name: str) -> None:
    shape = Shape(name, peak=40, length=60)
    users = [shape.users(second / 10) for second in range(600)]
    assert all(count is not None and 1 <= count <= 40 for count in users)
    assert max(count for count in users if count) == 40
    assert shape.users(60) is None


def test_a_spike_is_ten_times_the_load_before_and_after_it() -> None:
    shape = Shape("spike", peak=100, length=100)
    assert [shape.users(second) for second in (10, 50, 90)] == [10, 100, 10]


def test_a_ramp_doubles_the_users_step_by_step() -> None:
    shape = Shape("ramp", peak=16, length=50)
    assert [shape.users(second) for second in (5, 15, 25, 35, 45)] == [1, 2, 4, 8, 16]


def test_a_day_has_its_least_at_night_and_its_most_in_the_evening() -> None:
    shape = Shape("day", peak=100, length=24)
    night, morning, noon, evening = (shape.users(hour) for hour in (3, 10, 15, 20))
    assert night is not None
    assert morning is not None
    assert noon is not None
    assert night < noon < morning < evening == 100


def test_saturation_is_two_doublings_that_bring_nothing() -> None:
    assert not saturated([100, 200])
    assert not saturated([100, 200, 390])
    assert not saturated([100, 102, 190])
    assert saturated([100, 200, 390, 395, 388])
