"""The gate, on answers that are made up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mnist_api.retraining.gate import Judged, judge, p_worse
from mnist_api.retraining.verdict import Verdict

LABELS = np.tile(np.arange(10, dtype=np.uint8), 950)
NONE = Judged(np.zeros(0, np.uint8), np.zeros((0, 10), np.float32), np.zeros((0, 10), np.float32))


def answers(
    labels: np.ndarray, wrong: list[int] | np.ndarray = (), confidence: float = 0.98
) -> np.ndarray:
    """Return probabilities that are right on all digits but some."""
    said = labels.copy()
    said[list(wrong)] = (said[list(wrong)] + 1) % 10
    rest = (1 - confidence) / 9
    rows = np.full((len(labels), 10), rest, np.float32)
    rows[np.arange(len(labels)), said] = confidence
    return rows


def verdict(active: np.ndarray, candidate: np.ndarray, samples: Judged = NONE) -> Verdict:
    return judge("old", "new", Judged(LABELS, active, candidate), samples)


def few(step: int, start: int = 0) -> list[int]:
    """Return digits of all classes."""
    return list(range(start, len(LABELS), step))


def test_a_better_model_is_promoted() -> None:
    found = verdict(answers(LABELS, few(53)), answers(LABELS, few(71)))
    assert found.reasons == []
    assert found.is_promoted
    assert found.holdout.candidate_accuracy > found.holdout.active_accuracy
    assert found.samples is None


def test_a_model_that_errs_elsewhere_as_often_is_promoted() -> None:
    assert verdict(answers(LABELS, few(61)), answers(LABELS, few(61, start=1))).is_promoted


def test_a_model_that_only_loses_is_refused_though_it_loses_little() -> None:
    # 10 digits of 9,500 are 0.1 points; but none is won, and that is no chance.
    found = verdict(answers(LABELS), answers(LABELS, few(997)))
    assert [reason.split(":")[0] for reason in found.reasons] == ["worse on the hold-out"]
    assert found.holdout.p_worse == pytest.approx(2**-10, abs=1e-6)


def test_a_fall_beyond_the_bound_is_refused_though_it_may_be_chance() -> None:
    lost, won = few(9, start=1), few(9)[:-25]
    found = verdict(answers(LABELS, won), answers(LABELS, lost))
    assert found.holdout.p_worse > 0.05
    assert any("less accurate on the hold-out" in reason for reason in found.reasons)


def test_a_digit_that_is_found_less_often_is_refused_though_others_make_up_for_it() -> None:
    sevens = np.flatnonzero(LABELS == 7)[:20].tolist()
    others = np.flatnonzero(LABELS == 1)[:8].tolist() + np.flatnonzero(LABELS == 2)[:14].tolist()
    found = verdict(answers(LABELS, others), answers(LABELS, sevens))
    assert [reason[:36] for reason in found.reasons] == ["it finds 2.1% fewer of the digit 7; "]


def test_a_model_that_knows_less_how_sure_it_is_is_refused() -> None:
    wrong = few(53)
    found = verdict(answers(LABELS, wrong), answers(LABELS, wrong, confidence=0.9))
    assert len(found.reasons) == 1
    assert "calibration error rises" in found.reasons[0]


def test_a_model_that_is_worse_on_samples_held_out_is_refused() -> None:
    labels = LABELS[:100]
    samples = Judged(labels, answers(labels), answers(labels, range(10)))
    found = verdict(answers(LABELS), answers(LABELS), samples)
    assert [reason.split(":")[0] for reason in found.reasons] == ["worse on the samples held out"]


def test_samples_that_nobody_can_learn_are_refused() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 50).astype(np.uint8)
    guess = answers(LABELS[:50])
    found = verdict(answers(LABELS), answers(LABELS), Judged(labels, guess, guess))
    assert len(found.reasons) == 1
    assert "labels are likely wrong" in found.reasons[0]


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_test_is_the_exact_binomial_one(lost: int, won: int) -> None:
    expected = binomtest(lost, lost + won, alternative="greater").pvalue if lost + won else 1.0
    assert p_worse(lost, won) == pytest.approx(expected, rel=1e-9)


def test_the_test_takes_as_many_digits_as_there_are() -> None:
    assert p_worse(5200, 4300) < 1e-15
    assert p_worse(4750, 4750) > 0.5


@given(
    st.lists(st.integers(0, 9499), max_size=60, unique=True),
    st.lists(st.integers(0, 9499), max_size=60, unique=True),
)
def test_nothing_promoted_is_certainly_worse(before: list[int], after: list[int]) -> None:
    found = verdict(answers(LABELS, before), answers(LABELS, after))
    assert found.is_promoted == (not found.reasons)
    if found.is_promoted:
        fall = found.holdout.active_accuracy - found.holdout.candidate_accuracy
        assert fall <= 0.002
        assert found.holdout.p_worse >= 0.05
        assert min(found.recall_changes) >= -0.015
    if not set(after) - set(before) and len(set(before)) - len(set(after)) < 30:
        assert found.is_promoted


def test_the_same_model_may_replace_itself() -> None:
    same = answers(LABELS, few(61))
    assert verdict(same, same).is_promoted
