"""The cache's two levels as one: the process's own memory, and memcached where that pays."""

import asyncio
from collections.abc import Coroutine, Mapping
from time import perf_counter
from typing import Any

from mnist_api.cache.answer import Answer
from mnist_api.cache.bypass import Bypass
from mnist_api.cache.costs import Costs
from mnist_api.cache.local import LocalCache
from mnist_api.cache.memcached import Memcached, MemcachedUnavailable
from mnist_api.metrics import Metrics
from mnist_api.stages import StageWatcher

# Stores on their way at the same time; more are dropped, they only spare others' work.
_MOST_STORES = 64

Answers = Mapping[str, Answer]
Keys = Mapping[str, str]


class TieredCache:
    """Remembers answers by key. Keys come as a mapping from model to key, answers go so too."""

    def __init__(
        self,
        local: LocalCache,
        shared: Memcached | None,
        costs: Costs,
        metrics: Metrics,
        watch: StageWatcher | None = None,
    ) -> None:
        self._local = local
        self._shared = shared
        self._costs = costs
        self._metrics = metrics
        self._watch = watch
        self._background: set[asyncio.Task[None]] = set()
        self._bypass = Bypass(local.capacity, always=shared is None and not local.capacity)
        # PERF: the method itself; every small picture asks it.
        self.is_bypassed = self._bypass.is_on
        """Tells, at a time of `perf_counter`'s, whether small pictures go past the cache."""
        self._local_hit = metrics.cache_counter("local", "hit")
        self._local_miss = metrics.cache_counter("local", "miss")
        self._local_skipped = metrics.cache_counter("local", "skip")
        self._skipped = metrics.cache_counter("memcached", "skip")

    def bypassed(self, answers: int) -> None:
        """Count answers that were computed without a look."""
        self._local_skipped.inc(answers)

    def recall(self, keys: Keys) -> dict[str, Answer]:
        """Return what the process remembers, by model; counted by `recalled`."""
        found = {}
        for model, key in keys.items():
            answer = self._local.get(key)
            if answer is not None:
                found[model] = answer
        return found

    def recalled(self, known: int, missing: int) -> None:
        """Count answers that the process remembered, and others that were found elsewhere."""
        if known:
            self._local_hit.inc(known)
            self._bypass.found()
        if missing:
            self._local_miss.inc(missing)
            self._bypass.missed()

    def would_ask(self, keys: Keys, image_bytes: int) -> bool:
        """Tell whether to ask memcached for what the process does not remember."""
        if self._shared is None:
            return False
        if self._shared.is_available:
            return self._costs.is_asking_worth_it(keys, image_bytes)
        if self._shared.is_trial_due():
            self._in_background(self._shared.attempt(), 1)
        return False

    async def ask(self, keys: Keys, image_bytes: int) -> dict[str, Answer]:
        """Return what memcached remembers, by model; nothing when it fails."""
        assert self._shared is not None, "would_ask comes first"  # noqa: S101
        start = perf_counter()
        try:
            answers, seconds = await self._shared.get(keys.values())
        except MemcachedUnavailable:
            self._metrics.cache_counter("memcached", "error").inc(len(keys))
            return {}
        finally:
            wall = perf_counter() - start
            self._metrics.cache_timer("memcached").observe(wall)
            if self._watch is not None:
                self._watch("ask memcached", start, start + wall)
        found = {model: answers[key] for model, key in keys.items() if key in answers}
        self._costs.asked(keys, image_bytes, seconds, known=len(found) == len(keys))
        self._metrics.cache_counter("memcached", "hit").inc(len(found))
        self._metrics.cache_counter("memcached", "miss").inc(len(keys) - len(found))
        if found:
            self._bypass.found()
        for model, answer in found.items():
            self._local.put(keys[model], answer)
        return found

    def keep(self, keys: Keys, answers: Answers, *, asked: bool) -> None:
        """Remember answers; in memcached too, without waiting, if it was asked for them in vain."""
        for model, answer in answers.items():
            self._local.put(keys[model], answer)
        if self._shared is None:
            return
        if not asked:
            self._skipped.inc(len(answers))
        elif len(self._background) < _MOST_STORES and self._shared.is_available:
            named = {keys[model]: answer for model, answer in answers.items()}
            self._in_background(self._shared.put(named), len(named))

    def close(self) -> None:
        """Let memcached's threads go."""
        if self._shared is not None:
            self._shared.close()

    def _in_background(self, call: Coroutine[Any, Any, None], answers: int) -> None:
        task = asyncio.create_task(self._counting_errors(call, answers))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _counting_errors(self, call: Coroutine[Any, Any, None], answers: int) -> None:
        try:
            await call
        except MemcachedUnavailable:
            self._metrics.cache_counter("memcached", "error").inc(answers)
