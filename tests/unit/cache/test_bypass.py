from collections.abc import Callable

from mnist_api.cache.bypass import Bypass

ENTRIES = 5000
NOW = 100.0


def after_a_drought(clock: Callable[[], float] = lambda: NOW) -> Bypass:
    bypass = Bypass(ENTRIES, clock=clock)
    for _ in range(ENTRIES):
        assert not bypass.is_on(NOW)
        bypass.missed()
    return bypass


def test_as_many_unknown_pictures_in_a_row_as_would_fit_leave_the_cache_out() -> None:
    assert after_a_drought().is_on(NOW)


def test_a_hit_in_between_starts_the_row_again() -> None:
    bypass = Bypass(ENTRIES, clock=lambda: NOW)
    for _ in range(3):
        for _ in range(ENTRIES - 1):
            bypass.missed()
        bypass.found()
    assert not bypass.is_on(NOW)


def test_a_small_memory_is_not_given_up_sooner_than_a_large_one() -> None:
    bypass = Bypass(10, clock=lambda: NOW)
    for _ in range(4095):
        bypass.missed()
    assert not bypass.is_on(NOW)


def test_after_a_pause_some_look_again() -> None:
    now = NOW
    bypass = after_a_drought(lambda: now)
    now += 1.0
    looks = 0
    while not bypass.is_on(now):
        bypass.missed()
        looks += 1
    assert looks == 128


def test_what_is_found_then_brings_the_cache_back() -> None:
    bypass = after_a_drought()
    bypass.found()
    assert not bypass.is_on(NOW)
    for _ in range(ENTRIES - 1):
        bypass.missed()
    assert not bypass.is_on(NOW)


def test_without_any_cache_nothing_looks() -> None:
    bypass = Bypass(0, always=True)
    for _ in range(5000):
        bypass.missed()
    assert bypass.is_on(1e9)
