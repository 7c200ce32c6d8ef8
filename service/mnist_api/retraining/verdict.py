"""What the gate found: kept with a version, and with the job that asked."""

from collections.abc import Sequence

import msgspec


class Duel(msgspec.Struct, frozen=True):
    """Two models before the same digits; shares are 0 to 1."""

    images: int
    active_accuracy: float
    candidate_accuracy: float
    only_active_right: int
    only_candidate_right: int
    p_worse: float
    """McNemar's exact test: how likely so many or more of the digits on which only one of the two
    is right go to the active one, if both were equally good."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a candidate may be activated, and why not."""

    active: str
    candidate: str
    is_promoted: bool
    reasons: Sequence[str]
    """Sentences, one for each bound that does not hold; empty for what is promoted."""
    holdout: Duel
    samples: Duel | None
    """On the samples that never train; None where there are none."""
    calibration_error: tuple[float, float]
    """Expected, on the hold-out: the active one's and the candidate's."""
    recall_changes: Sequence[float]
    """Of each digit, on the hold-out; negative where the candidate finds fewer."""
