from dataclasses import replace

import pytest

from loadtest.thresholds import Outcome, Tally, Thresholds, breaches

LIMITS = Thresholds(failure_share=0.001, p99_ms=50, rate=100)
GOOD = Outcome(
    requests=10_000,
    failures=10,
    p99_ms=50,
    rate=100,
    accuracy={"cnn": Tally(9_800, 10_000)},
    promised={"cnn": 0.98},
    digits=400,
)


def test_a_run_at_its_limits_keeps_them() -> None:
    assert breaches(GOOD, LIMITS) == []


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (replace(GOOD, requests=0), "nothing was asked"),
        (replace(GOOD, failures=11), "11 of 10000 requests failed"),
        (replace(GOOD, p99_ms=51), "p99 is 51 ms"),
        (replace(GOOD, rate=99), "99.0 requests/s"),
        (replace(GOOD, accuracy={"cnn": Tally(9_500, 10_000)}), "cnn was right on 9500 of 10000"),
        (replace(GOOD, crashes=1), "1 faults in the users"),
    ],
)
def test_each_limit_that_is_not_kept_is_named(outcome: Outcome, sentence: str) -> None:
    (found,) = breaches(outcome, LIMITS)
    assert found.startswith(sentence)


def test_repeating_few_digits_does_not_make_a_sample_surer() -> None:
    # 97 % of ten thousand answers breaks a promise of 98 % only where they are many digits.
    some = replace(GOOD, accuracy={"cnn": Tally(9_700, 10_000)})
    assert breaches(some, LIMITS) == []
    assert breaches(replace(some, digits=10_000), LIMITS) != []
