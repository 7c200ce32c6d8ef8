"""From an image file's bytes to digits: recall, decode, normalise, infer, remember."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from mnist_api.cache.answer import Answer
from mnist_api.cache.costs import Costs
from mnist_api.cache.key import keys_of
from mnist_api.cache.tiered import Keys, TieredCache
from mnist_api.errors import DeadlineExceeded
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Model, Selection
from mnist_api.models.mirror import Mirror
from mnist_api.prediction.deadline import Deadline
from mnist_api.prediction.flights import Flights
from mnist_api.prediction.majority import majority
from mnist_api.prediction.pictures import Picture, Pictures
from mnist_api.stages import StageWatcher

Source = Literal["local", "memcached", "miss"]


class Prediction(msgspec.Struct, frozen=True):
    """The answers of the models that were asked, by model name."""

    label: int
    answers: Mapping[str, Answer]
    source: Source
    """The slowest place an answer came from; "miss" if one was computed."""
    picture: Picture | None
    """What the models saw, uint8 (28, 28); None unless it was asked for."""


class _Found(NamedTuple):
    """Answers that the process did not remember, and what was made on the way."""

    answers: Mapping[str, Answer]
    source: Source
    picture: Picture | None


class Predictor:
    """Answers requests with the models that are selected for them."""

    def __init__(
        self,
        pictures: Pictures,
        cache: TieredCache,
        costs: Costs,
        metrics: Metrics,
        mirror: Mirror,
        watch: StageWatcher | None = None,
    ) -> None:
        self._mirror = mirror
        self._pictures = pictures
        self._cache = cache
        self._costs = costs
        self._metrics = metrics
        self._watch = watch
        self._flights: Flights[_Found] = Flights()

    async def predict(
        self,
        image: bytes,
        selection: Selection,
        *,
        deadline: float = math.inf,
        picture: bool = False,
        fresh: bool = False,
    ) -> Prediction:
        """Answer one image file.

        Args:
            image: the file's bytes.
            selection: the models to ask, whatever is served meanwhile.
            deadline: time after which nothing is computed, on `time.perf_counter`'s clock.
            picture: whether to return what the models saw.
            fresh: whether to compute even what is remembered.

        Raises:
            NotAnImage, ImageTooLarge, NoDigit: as `open_image`, `decode` and `normalise` say.
            Overloaded, DeadlineExceeded: there is no time for it.
        """
        if self._pictures.is_small_file(image):
            done = self.at_once(image, selection, deadline=deadline, picture=picture, fresh=fresh)
            if done is not None:
                return done
        answers, missing = self._recalled(image, selection, fresh=fresh)
        found = _Found({}, "local", None)
        if missing:
            found = await self._find(image, selection, missing, deadline, fresh=fresh)
        seen = found.picture
        if picture and seen is None:
            seen = await self._pictures.make(image, Deadline(deadline))
        self._cache.recalled(len(answers), len(missing))
        return self._prediction(
            selection, {**answers, **found.answers}, found.source, seen if picture else None
        )

    def at_once(
        self,
        image: bytes,
        selection: Selection,
        *,
        deadline: float = math.inf,
        picture: bool = False,
        fresh: bool = False,
    ) -> Prediction | None:
        """Answer one image file without waiting for anything, as most are answered.

        Returns:
            None where memcached is worth asking or the image takes a decoding thread: `predict`.

        Raises:
            as `predict`.
        """
        now = perf_counter()
        if self._cache.is_bypassed(now):
            if now >= deadline:
                raise self._too_late()
            return self._past_cache(image, selection, picture=picture)
        answers, missing = self._recalled(image, selection, fresh=fresh)
        seen = None
        if missing or picture:
            if missing and now >= deadline:
                raise self._too_late()
            # PERF: with no call in between; nearly every picture that nobody knows comes by here.
            if missing and not fresh and self._cache.would_ask(missing, len(image)):
                return None
            seen = self._pictures.make_at_once(image)
            if seen is None:
                return None
        self._cache.recalled(len(answers), len(missing))
        if missing and seen is not None:
            answers |= self._infer_missing(selection, missing, seen, asked=False)
        source: Source = "miss" if missing else "local"
        return self._prediction(selection, answers, source, seen if picture else None)

    def _past_cache(
        self, image: bytes, selection: Selection, *, picture: bool
    ) -> Prediction | None:
        """Do as `at_once`, and neither look for answers nor remember them."""
        seen = self._pictures.make_at_once(image)
        if seen is None:
            return None
        answers = self._infer_all(selection.models, seen)
        self._cache.bypassed(len(answers))
        return self._prediction(selection, answers, "miss", seen if picture else None)

    def _recalled(
        self, image: bytes, selection: Selection, *, fresh: bool
    ) -> tuple[dict[str, Answer], Keys]:
        """Return what the process remembers, by model, and the keys of all else."""
        keys = keys_of(selection.models, image)
        answers = {} if fresh else self._cache.recall(keys)
        if not answers:
            return answers, keys
        return answers, {name: key for name, key in keys.items() if name not in answers}

    def _prediction(
        self,
        selection: Selection,
        answers: Mapping[str, Answer],
        source: Source,
        picture: Picture | None,
    ) -> Prediction:
        if len(answers) == 1:
            # PERF: what most ask, and nothing to be ordered or counted.
            ((name, answer),) = answers.items()
            self._metrics.prediction_counter(name, answer.label).inc()
            return Prediction(answer.label, answers, source, picture)
        ordered = {model.name: answers[model.name] for model in selection.models}
        for name, answer in ordered.items():
            self._metrics.prediction_counter(name, answer.label).inc()
        return Prediction(_majority_of(selection, ordered), ordered, source, picture)

    async def _find(
        self, image: bytes, selection: Selection, missing: Keys, deadline: float, *, fresh: bool
    ) -> _Found:
        if perf_counter() >= deadline:
            raise self._too_late()
        ask = not fresh and self._cache.would_ask(missing, len(image))
        # PERF: a thread is found, or refused, at once: behind a task of its own more are let in
        # than there is time for.
        if not ask and self._pictures.is_small_file(image):
            return await self._compute(image, selection, missing, Deadline(deadline), asked=False)
        # What waits for longer can meet its like: the same picture is computed once.
        find = partial(self._find_slowly, image, selection, missing, ask)
        try:
            return await self._flights.join(tuple(missing.values()), deadline, find)
        except TimeoutError:
            raise self._too_late() from None

    def _too_late(self) -> DeadlineExceeded:
        self._metrics.rejection_counter("deadline").inc()
        return DeadlineExceeded("the request's time was over before its answer was computed")

    async def _find_slowly(
        self, image: bytes, selection: Selection, missing: Keys, ask: bool, deadline: Deadline
    ) -> _Found:
        known = await self._cache.ask(missing, len(image)) if ask else {}
        left = {name: key for name, key in missing.items() if name not in known}
        if not left:
            return _Found(known, "memcached", None)
        found = await self._compute(image, selection, left, deadline, asked=ask)
        return _Found({**known, **found.answers}, "miss", found.picture)

    async def _compute(
        self, image: bytes, selection: Selection, keys: Keys, deadline: Deadline, *, asked: bool
    ) -> _Found:
        picture = await self._pictures.make(image, deadline)
        answers = self._infer_missing(selection, keys, picture, asked=asked)
        return _Found(answers, "miss", picture)

    def _infer_missing(
        self, selection: Selection, keys: Keys, picture: Picture, *, asked: bool
    ) -> dict[str, Answer]:
        models = [model for model in selection.models if model.name in keys]
        answers = self._infer_all(models, picture)
        self._cache.keep(keys, answers, asked=asked)
        return answers

    def _infer_all(self, models: Sequence[Model], picture: Picture) -> dict[str, Answer]:
        answers = {}
        for model in models:
            answers[model.name] = self._infer(model, picture)
        if self._mirror.is_on:
            for model in models:
                label = answers[model.name].label
                self._mirror.show(model, picture[np.newaxis], np.array([label]))
        return answers

    def _infer(self, model: Model, picture: Picture) -> Answer:
        start = perf_counter()
        row = model.runtime.predict(picture[np.newaxis])[0]
        seconds = perf_counter() - start
        self._metrics.infer_timer.observe(seconds)
        self._costs.inferred(model.name, seconds)
        if self._watch is not None:
            self._watch(f"infer {model.name}", start, start + seconds)
        probabilities = tuple(row.tolist())
        return Answer(probabilities.index(max(probabilities)), probabilities)


def _majority_of(selection: Selection, answers: Mapping[str, Answer]) -> int:
    return majority(
        [(answers[model.name].label, model.entry.holdout.accuracy) for model in selection.models]
    )
