"""What a run must keep to; whether it did is the exit code."""

from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.expectations import least_accuracy


@dataclass(frozen=True)
class Thresholds:
    """The limits."""

    failure_share: float
    p99_ms: float
    rate: float


@dataclass(frozen=True)
class Tally:
    """How often a model was right about what the digits really are."""

    right: int = 0
    answers: int = 0

    def plus(self, right: bool) -> "Tally":
        """Return the tally with one more answer."""
        return Tally(self.right + right, self.answers + 1)


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    requests: int
    failures: int
    p99_ms: float
    rate: float
    accuracy: Mapping[str, Tally]
    promised: Mapping[str, float]
    digits: int
    """How many different digits were asked: repeating one adds nothing to what a sample shows."""
    crashes: int = 0
    """Kinds of exceptions in the users themselves, which locust counts as no failure."""


def breaches(outcome: Outcome, thresholds: Thresholds) -> list[str]:
    """Return a sentence for each limit that was not kept."""
    if outcome.requests == 0:
        return ["nothing was asked"]
    found = [f"{outcome.crashes} faults in the users"] if outcome.crashes else []
    share = outcome.failures / outcome.requests
    if share > thresholds.failure_share:
        found.append(
            f"{outcome.failures} of {outcome.requests} requests failed: {share:.3%}, "
            f"allowed are {thresholds.failure_share:.3%}"
        )
    if outcome.p99_ms > thresholds.p99_ms:
        found.append(f"p99 is {outcome.p99_ms:.0f} ms, allowed are {thresholds.p99_ms:.0f} ms")
    if outcome.rate < thresholds.rate:
        found.append(f"{outcome.rate:.1f} requests/s, at least {thresholds.rate:.1f} are asked for")
    return [*found, *_inaccurate(outcome)]


def _inaccurate(outcome: Outcome) -> list[str]:
    found = []
    for model, tally in outcome.accuracy.items():
        least = least_accuracy(outcome.promised[model], min(tally.answers, outcome.digits))
        if tally.right < least * tally.answers:
            found.append(
                f"{model} was right on {tally.right} of {tally.answers} digits, "
                f"its promise leaves no less than {least:.2%} to chance"
            )
    return found
