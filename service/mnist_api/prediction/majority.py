"""One label from several models."""

from collections import Counter
from collections.abc import Sequence


def majority(votes: Sequence[tuple[int, float]]) -> int:
    """Return the label with most votes.

    Args:
        votes: pairs of a label and the accuracy of the model that gave it. Among labels with
            equally many votes, the one that the most accurate model gave wins.
    """
    if len(votes) == 1:
        return votes[0][0]
    counts = Counter(label for label, _ in votes)
    return max(votes, key=lambda vote: (counts[vote[0]], vote[1]))[0]
