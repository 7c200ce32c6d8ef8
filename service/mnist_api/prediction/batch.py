"""Many pictures through one model, in pieces that never hold up the event loop for long."""

import asyncio
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import DeadlineExceeded
from mnist_api.imaging.normalise import normalise
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Model
from mnist_api.models.mirror import Mirror
from mnist_api.stages import StageWatcher

# Pictures in one call of a model: some 4 ms of the event loop for the CNN. More of them gain
# nothing: a picture of 64 takes the same time as one of 256, and half the time of one alone.
CHUNK = 64
# The loop is given back after so much normalising, which takes 10 us to several ms a picture.
_TURN_SECONDS = 0.004

Pictures = NDArray[np.uint8]


class BatchPredictor:
    """Answers many pictures at once. Nothing is remembered: a batch is asked once."""

    def __init__(self, metrics: Metrics, mirror: Mirror, watch: StageWatcher | None = None) -> None:
        self._metrics = metrics
        self._mirror = mirror
        self._watch = watch

    async def normalise(self, pictures: Pictures, deadline: float) -> Pictures:
        """Return pictures as MNIST would have them, uint8 (n, 28, 28).

        Args:
            pictures: luminance, uint8 (n, 28, 28), of either polarity.
            deadline: time after which nothing is computed, on `time.perf_counter`'s clock.

        Raises:
            NoDigit: one of the pictures is uniform.
            DeadlineExceeded: the time is over.
        """
        normalised = np.empty_like(pictures)
        turn_ends = perf_counter() + _TURN_SECONDS
        for index, picture in enumerate(pictures):
            start = perf_counter()
            if start > turn_ends:
                self._check(deadline)
                await asyncio.sleep(0)
                start = perf_counter()
                turn_ends = start + _TURN_SECONDS
            normalised[index] = normalise(picture)
            self._metrics.normalise_timer.observe(perf_counter() - start)
        return normalised

    async def infer(self, model: Model, pictures: Pictures, deadline: float) -> NDArray[np.float32]:
        """Return calibrated probabilities, float32 (n, 10), of normalised pictures (n, 28, 28).

        Raises:
            DeadlineExceeded: the time is over.
        """
        rows = np.empty((len(pictures), 10), np.float32)
        for first in range(0, len(pictures), CHUNK):
            self._check(deadline)
            chunk = slice(first, first + CHUNK)
            start = perf_counter()
            rows[chunk] = model.runtime.predict(pictures[chunk])
            end = perf_counter()
            self._metrics.infer_timer.observe(end - start)
            if self._watch is not None:
                self._watch(f"infer {model.name}", start, end)
            if self._mirror.is_on:
                self._mirror.show(model, pictures[chunk], rows[chunk].argmax(axis=1))
            await asyncio.sleep(0)
        for digit, count in enumerate(np.bincount(rows.argmax(axis=1), minlength=10).tolist()):
            self._metrics.prediction_counter(model.name, digit).inc(count)
        return rows

    def _check(self, deadline: float) -> None:
        if perf_counter() > deadline:
            self._metrics.rejection_counter("deadline").inc()
            raise DeadlineExceeded("the request's time was over before all was computed")
