"""Whether a retrained model may take the place of the active one. Pure: figures in, verdict out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_api.retraining.verdict import Duel, Verdict
from mnist_api.training.evaluate import evaluate

# McNemar's test calls a candidate worse where such a result were rarer than this by chance.
SIGNIFICANCE = 0.05
# 19 of the 9,500 digits of the hold-out: what is certain by its number need not be significant.
MOST_ACCURACY_FALL = 0.002
# The SVM's own expected calibration error is 0.2 %, the nets' is below 0.6 %.
MOST_CALIBRATION_RISE = 0.005
# 14 of the some 950 digits of a class; trainings that differ by their seed alone differ by half.
MOST_RECALL_FALL = 0.015
# A model that is wrong on more than half of the samples held out has learnt nothing from the
# others, so their labels say nothing: random ones leave the hold-out unharmed where the samples'
# style is another.
LEAST_SAMPLE_ACCURACY = 0.5


@dataclass(frozen=True)
class Judged:
    """What two models said of the same digits: probabilities (n, 10), and labels uint8 (n,)."""

    labels: NDArray[np.uint8]
    active: NDArray[np.float32]
    candidate: NDArray[np.float32]


def judge(active: str, candidate: str, holdout: Judged, samples: Judged) -> Verdict:
    """Compare two models, named by their versions.

    Args:
        active: the version that is served.
        candidate: the version that would be.
        holdout: on the digits that never train.
        samples: on the samples that never train; there may be none.
    """
    before = evaluate(holdout.active, holdout.labels)
    after = evaluate(holdout.candidate, holdout.labels)
    errors = (before.expected_calibration_error, after.expected_calibration_error)
    changes = [new - old for old, new in zip(before.recall, after.recall, strict=True)]
    held_out = _duel(holdout)
    sampled = _duel(samples) if len(samples.labels) else None
    reasons = [
        *_of_holdout(held_out),
        *_of_calibration(*errors),
        *_of_recall(changes),
        *_of_samples(sampled),
    ]
    return Verdict(
        active=active,
        candidate=candidate,
        is_promoted=not reasons,
        reasons=reasons,
        holdout=held_out,
        samples=sampled,
        calibration_error=errors,
        recall_changes=[round(change, 4) for change in changes],
    )


def p_worse(only_active_right: int, only_candidate_right: int) -> float:
    """Return the one-sided p of McNemar's exact test.

    If both models were equally good, each digit on which only one is right would be a toss of a
    coin; this is the chance that so many or more go to the active model.
    """
    tosses = only_active_right + only_candidate_right
    ways, total = 1, 0
    for heads in range(tosses + 1):
        if heads >= only_active_right:
            total += ways
        ways = ways * (tosses - heads) // (heads + 1)
    return total / (1 << tosses)


def _duel(judged: Judged) -> Duel:
    right_before = judged.active.argmax(axis=1) == judged.labels
    right_after = judged.candidate.argmax(axis=1) == judged.labels
    lost, won = int((right_before & ~right_after).sum()), int((right_after & ~right_before).sum())
    return Duel(
        images=len(judged.labels),
        active_accuracy=round(float(right_before.mean()), 5),
        candidate_accuracy=round(float(right_after.mean()), 5),
        only_active_right=lost,
        only_candidate_right=won,
        p_worse=round(p_worse(lost, won), 6),
    )


def _worse(duel: Duel, digits: str) -> Iterator[str]:
    if duel.p_worse < SIGNIFICANCE:
        yield (
            f"worse on {digits}: {duel.only_active_right} digits lost and "
            f"{duel.only_candidate_right} won of {duel.images} (p = {duel.p_worse:.4f})"
        )


def _of_holdout(duel: Duel) -> Iterator[str]:
    yield from _worse(duel, "the hold-out")
    fall = duel.active_accuracy - duel.candidate_accuracy
    if fall > MOST_ACCURACY_FALL:
        yield (
            f"{fall:.2%} less accurate on the hold-out; at most {MOST_ACCURACY_FALL:.1%} is allowed"
        )


def _of_calibration(before: float, after: float) -> Iterator[str]:
    if after - before > MOST_CALIBRATION_RISE:
        yield (
            f"its calibration error rises from {before:.2%} to {after:.2%}; at most "
            f"{MOST_CALIBRATION_RISE:.1%} more is allowed"
        )


def _of_recall(changes: list[float]) -> Iterator[str]:
    for digit, change in enumerate(changes):
        if change < -MOST_RECALL_FALL:
            yield (
                f"it finds {-change:.1%} fewer of the digit {digit}; at most "
                f"{MOST_RECALL_FALL:.1%} is allowed"
            )


def _of_samples(duel: Duel | None) -> Iterator[str]:
    if duel is None:
        return
    yield from _worse(duel, "the samples held out")
    if duel.candidate_accuracy < LEAST_SAMPLE_ACCURACY:
        yield (
            f"right on only {duel.candidate_accuracy:.0%} of the {duel.images} samples held out: "
            "it cannot have learnt from the others, so their labels are likely wrong"
        )
