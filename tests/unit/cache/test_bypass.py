from mnist_api.cache.bypass import Bypass

ENTRIES = 5000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def after_a_drought(clock: Clock) -> Bypass:
    bypass = Bypass(ENTRIES, clock)
    for _ in range(ENTRIES):
        assert not bypass.is_on()
        bypass.missed()
    return bypass


def test_as_many_unknown_pictures_in_a_row_as_would_fit_leave_the_cache_out() -> None:
    assert after_a_drought(Clock()).is_on()


def test_a_hit_in_between_starts_the_row_again() -> None:
    bypass = Bypass(ENTRIES, Clock())
    for _ in range(3):
        for _ in range(ENTRIES - 1):
            bypass.missed()
        bypass.found()
    assert not bypass.is_on()


def test_a_small_memory_is_not_given_up_sooner_than_a_large_one() -> None:
    bypass = Bypass(10, Clock())
    for _ in range(4095):
        bypass.missed()
    assert not bypass.is_on()


def test_after_a_pause_some_look_again() -> None:
    clock = Clock()
    bypass = after_a_drought(clock)
    clock.now += 1.0
    looks = 0
    while not bypass.is_on():
        bypass.missed()
        looks += 1
    assert looks == 128


def test_what_is_found_then_brings_the_cache_back() -> None:
    clock = Clock()
    bypass = after_a_drought(clock)
    clock.now += 1.0
    bypass.found()
    for _ in range(ENTRIES - 1):
        bypass.missed()
    assert not bypass.is_on()


def test_a_hit_of_what_always_looks_brings_it_back_at_once() -> None:
    bypass = after_a_drought(Clock())
    bypass.found()
    assert not bypass.is_on()
