"""From an image file's bytes to the picture that the models see, on the loop or off it."""

from time import perf_counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.cache.costs import Costs
from mnist_api.imaging.decode import Limits, Opened, open_image
from mnist_api.imaging.normalise import normalise
from mnist_api.metrics import Metrics
from mnist_api.prediction.deadline import Deadline
from mnist_api.prediction.decode_pool import DecodePool
from mnist_api.stages import StageWatcher

Picture = NDArray[np.uint8]


class Pictures:
    """Decodes and normalises within limits."""

    def __init__(
        self,
        limits: Limits,
        inline_pixels: int,
        pool: DecodePool,
        costs: Costs,
        metrics: Metrics,
        watch: StageWatcher | None = None,
    ) -> None:
        self._limits = limits
        self._inline_pixels = inline_pixels
        self._pool = pool
        self._costs = costs
        self._metrics = metrics
        self._watch = watch

    def is_small_file(self, image: bytes) -> bool:
        """Tell whether a file has so few bytes that it most likely holds few pixels, or little."""
        return len(image) <= self._inline_pixels

    def make_at_once(self, image: bytes) -> Picture | None:
        """Return the same as `make`, or None where a thread has to decode it."""
        if not self.is_small_file(image):
            return None
        start = perf_counter()
        opened = open_image(image, self._limits)
        if opened.pixel_count > self._inline_pixels:
            return None
        return self._noted(image, _made(opened, start))

    async def make(self, image: bytes, deadline: Deadline) -> Picture:
        """Return the normalised picture, uint8 (28, 28).

        Raises:
            NotAnImage, ImageTooLarge, NoDigit: as `open_image`, `decode` and `normalise` say.
            Overloaded, DeadlineExceeded: a large image, for which there is no time.
        """
        start = perf_counter()
        opened = open_image(image, self._limits)
        if opened.pixel_count <= self._inline_pixels:
            return self._noted(image, _made(opened, start))
        # From its turn on: its wait for a thread is no decoding.
        made = await self._pool.run(lambda: _made(opened, perf_counter()), deadline)
        return self._noted(image, made)

    def _noted(self, image: bytes, made: "_Made") -> Picture:
        self._metrics.decode_timer.observe(made.decode_seconds)
        self._metrics.normalise_timer.observe(made.normalise_seconds)
        self._costs.pictured(len(image), made.decode_seconds + made.normalise_seconds)
        if self._watch is not None:
            decoded = made.start + made.decode_seconds
            self._watch("decode", made.start, decoded)
            self._watch("normalise", decoded, decoded + made.normalise_seconds)
        return made.picture


class _Made(msgspec.Struct, frozen=True):
    """A picture and what it took, to be noted on the event loop: tallies know one thread."""

    picture: Picture
    start: float
    decode_seconds: float
    normalise_seconds: float


def _made(opened: Opened, start: float) -> _Made:
    pixels = opened.decode()
    decoded = perf_counter()
    picture = normalise(pixels)
    return _Made(picture, start, decoded - start, perf_counter() - decoded)
