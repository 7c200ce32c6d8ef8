"""Shadows: versions that see a share of the traffic before they are activated, answering nobody."""

import asyncio
from collections.abc import Callable
from random import random
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_api.logs import LOGGER
from mnist_api.models.catalog import Catalog, Model

Result = Literal["agree", "disagree", "failed", "skipped"]
Count = Callable[[str, Result, int], object]
"""Counts what came of some pictures, by the model's name."""
Pictures = NDArray[np.uint8]

# Comparisons that wait for the event loop. A loop that is so far behind has better things to do.
_MOST_PENDING = 64


class _Shadow(NamedTuple):
    """What is shown to a candidate."""

    candidate: Model
    share: float


class Mirror:
    """Shows pictures to candidates once they are answered. Used by one thread, the event loop's."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._shadows: dict[str, _Shadow] = {}
        self._count: Count = lambda *_: None
        self._pending = 0
        self.is_on = False
        """Whether there is any shadow: all that a request without one has to find out."""

    def count_by(self, count: Count) -> None:
        """Say where comparisons are counted."""
        self._count = count

    def set(self, candidate: Model, share: float) -> None:
        """Show a share (0 to 1) of the pictures to a candidate for its model."""
        self._shadows[candidate.name] = _Shadow(candidate, share)
        self.is_on = True

    def clear(self, name: str) -> None:
        """Show a model's pictures to nobody else."""
        self._shadows.pop(name, None)
        self.is_on = bool(self._shadows)

    def show(self, model: Model, pictures: Pictures, labels: NDArray[np.intp]) -> None:
        """Have a share of pictures compared, once whoever computes now has given the loop back.

        Nothing of it reaches the answer. Asked for by version, or answered by the candidate itself,
        a picture tells nothing of what would change by its activation.

        Args:
            model: what answered.
            pictures: normalised, uint8 (n, 28, 28).
            labels: its answers, (n,).
        """
        shadow = self._shadows.get(model.name)
        if shadow is None or shadow.candidate.entry.version == model.entry.version:
            return
        if self._catalog.get(model.name) is not model:
            return
        chosen = [index for index in range(len(pictures)) if random() < shadow.share]  # noqa: S311
        if not chosen:
            return
        if self._pending >= _MOST_PENDING:
            self._count(model.name, "skipped", len(chosen))
            return
        self._pending += 1
        loop = asyncio.get_running_loop()
        loop.call_soon(self._compare, shadow.candidate, pictures[chosen], labels[chosen])

    def _compare(self, candidate: Model, pictures: Pictures, labels: NDArray[np.intp]) -> None:
        self._pending -= 1
        try:
            said = candidate.runtime.predict(pictures).argmax(axis=1)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody waits for this answer
            self._count(candidate.name, "failed", len(pictures))
            fields = {"model": candidate.name, "version": candidate.entry.version}
            LOGGER.error("a shadow failed", exc_info=error, extra={"fields": fields})
            return
        agreed = int((said == labels).sum())
        self._count(candidate.name, "agree", agreed)
        self._count(candidate.name, "disagree", len(pictures) - agreed)
