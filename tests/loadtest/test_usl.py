import numpy as np
import pytest

from loadtest.usl import efficiency, fit, usl

COUNTS = (1, 2, 3, 4, 6, 8)


def measured(alpha: float, beta: float, noise: float) -> dict[int, list[float]]:
    """Return five rates of each N that follow the law but for noise."""
    random = np.random.default_rng(7)
    counts = np.array(COUNTS, float)
    rates = usl(counts, 400, alpha, beta)
    return {
        n: (rate * random.normal(1, noise, 5)).tolist()
        for n, rate in zip(COUNTS, rates, strict=True)
    }


def test_the_law_s_own_parameters_are_found_again() -> None:
    found = fit(measured(alpha=0.05, beta=0.002, noise=0))
    assert found.rate.value == pytest.approx(400)
    assert found.alpha.value == pytest.approx(0.05, rel=1e-4)
    assert found.beta.value == pytest.approx(0.002, rel=1e-4)


def test_the_bands_hold_the_truth_and_widen_with_noise() -> None:
    calm, noisy = (fit(measured(0.05, 0, noise)) for noise in (0.005, 0.03))
    for found in (calm, noisy):
        assert found.alpha.low <= 0.05 <= found.alpha.high
        assert len(found.throughput) == max(COUNTS)
        assert all(one.low <= one.value <= one.high for one in found.throughput)
    assert noisy.alpha.high - noisy.alpha.low > calm.alpha.high - calm.alpha.low


def test_two_numbers_are_too_few_for_three_parameters() -> None:
    with pytest.raises(ValueError, match="three N or more"):
        fit({1: [100.0], 2: [200.0]})


def test_efficiency_is_the_share_of_what_no_loss_would_give() -> None:
    assert efficiency({1: [100.0], 4: [360.0, 380.0, 340.0]}, 4) == pytest.approx(0.9)
