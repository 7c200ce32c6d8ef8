"""The queue that is played through, beside formulae where they hold."""

import numpy as np
import pytest

from mnist_api.capacity.queueing import Quota, Waking, play, poisson

SERVICE = 0.001


def played(share: float, services: np.ndarray, pods: int = 1, quota: Quota | None = None) -> float:
    """Return the mean wait in seconds at a share of what the pods can do without quota."""
    rate = share * pods / float(services.mean())
    arrivals = poisson(rate, len(services), np.random.default_rng(1))
    return float(play(arrivals.tolist(), services.tolist(), pods, quota).waits.mean())


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_equal_services_wait_as_pollaczek_and_khinchine_say(share: float) -> None:
    constant = np.full(60_000, SERVICE)
    assert played(share, constant) == pytest.approx(SERVICE * share / 2 / (1 - share), rel=0.08)


def test_exponential_services_wait_twice_as_long() -> None:
    random = np.random.default_rng(2).exponential(SERVICE, 100_000)
    assert played(0.6, random) == pytest.approx(SERVICE * 0.6 / 0.4, rel=0.1)


def test_a_quota_that_is_never_used_up_changes_nothing() -> None:
    constant = np.full(5_000, SERVICE)
    ample = Quota(0.1, 0.1)
    assert played(0.8, constant, quota=ample) == pytest.approx(played(0.8, constant), rel=1e-6)


def test_a_pod_whose_quota_is_used_up_goes_on_when_the_next_period_begins() -> None:
    # 20 at once, of which a tenth of a period computes 10: the others wait for the next.
    found = play([0.0] * 20, [SERVICE] * 20, 1, Quota(0.01, 0.1, groups=1), seed=1)
    begin = float(np.random.default_rng(1).uniform(0, 0.1))
    assert found.waits[9] == pytest.approx(0.009)
    assert found.waits[10:].tolist() == pytest.approx([begin + SERVICE * n for n in range(10)])


def test_a_pod_of_two_quotas_goes_on_when_neither_is_used_up() -> None:
    # 15 at once, of which ten use up both; it goes on when both have begun a new period.
    found = play([0.0] * 15, [SERVICE] * 15, 1, Quota(0.01, 0.1, groups=2), seed=1)
    begin = max(np.random.default_rng(1).uniform(0, 0.1, 2))
    assert found.waits[9] == pytest.approx(0.009)
    assert found.waits[10:].tolist() == pytest.approx([begin + SERVICE * n for n in range(5)])


def test_no_more_is_computed_than_the_quota_allows() -> None:
    quota = Quota(0.01, 0.1)
    arrivals, services = np.zeros(1_000), np.full(1_000, SERVICE)
    done = play(arrivals.tolist(), services.tolist(), 1, quota).waits + SERVICE
    # A second of CPU at a tenth of a core.
    assert done.max() == pytest.approx(10, abs=0.2)


def test_what_is_stopped_is_a_share_of_the_periods_of_all_quotas() -> None:
    # Half of what a period allows comes in one of its two, twice of it in the other.
    arrivals = [0.05] * 5 + [0.15] * 20 + [1.0]
    for groups in (1, 2):
        found = play(arrivals, [SERVICE] * 26, 1, Quota(0.01, 0.1, groups), seed=1)
        assert found.stopped == pytest.approx(0.1, rel=0.01)
    assert play(arrivals, [SERVICE] * 26, 1).stopped == 0


def test_more_pods_at_the_same_load_wait_less() -> None:
    constant = np.full(30_000, SERVICE)
    one, four, sixteen = (played(0.8, constant, pods) for pods in (1, 4, 16))
    assert one > four > sixteen


def test_a_request_goes_to_the_pod_that_has_fewest() -> None:
    # The first pod works for a second; the second is free for all that follow.
    waited = play([0.0, 0.01, 0.02, 0.03], [1.0, 0.005, 0.005, 0.005], 2).waits
    assert waited.tolist() == pytest.approx([0, 0, 0, 0])


def test_only_a_request_that_wakes_a_pod_costs_more() -> None:
    found = play([0.0, 0.0, 1.0], [SERVICE] * 3, 1, wake=Waking(1.5))
    assert found.cpu.tolist() == pytest.approx([1.5 * SERVICE, SERVICE, 1.5 * SERVICE])
    assert found.waits.tolist() == pytest.approx([0, 1.5 * SERVICE, 0])


def test_a_request_costs_the_more_the_longer_its_pod_slept() -> None:
    wake = Waking(3.0, cooling_s=0.01)
    found = play([0.0, 1.0, 1.0, 1.011, 1.051], [SERVICE] * 5, 1, wake=wake).cpu / SERVICE
    # The one at 1.0 ends at 1.003, that behind it at 1.004: 7 ms of sleep, and then some 38.
    assert found.tolist() == pytest.approx([3, 3, 1, 1 + 2 * (1 - np.exp(-0.7)), 3], abs=0.06)


@pytest.mark.parametrize("wake", [Waking(3.0, 0.01), Waking(1.5), Waking()])
def test_the_mean_over_random_sleeps_is_that_of_its_formula(wake: Waking) -> None:
    sleeps = np.random.default_rng(3).exponential(1 / 200, 20_000)
    drawn = float(np.mean([wake.times(sleep) for sleep in sleeps]))
    assert wake.mean_times(200) == pytest.approx(drawn, rel=0.02)
