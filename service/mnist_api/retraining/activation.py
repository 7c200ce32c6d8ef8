"""Each worker follows the active versions: it looks, loads beside, warms up, and swaps."""

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any

from mnist_api.errors import StoreUnavailable, WeightsError
from mnist_api.logs import LOGGER
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Catalog, Model
from mnist_api.models.shelf import Shelf
from mnist_api.retraining.metrics import LoopMetrics
from mnist_api.retraining.shadow import Shadower
from mnist_api.retraining.versions import Versions

# How long a start waits for the active versions, before it serves what the code brings.
_START_SECONDS = 5.0
# A version that could not be loaded is tried again after so long: a damaged file may be mended.
_RETRY_SECONDS = 30.0


class Follower:
    """Keeps a worker's catalogue at the active versions; it keeps what it has where it cannot."""

    def __init__(
        self,
        catalog: Catalog,
        shelf: Shelf,
        versions: Versions,
        shadower: Shadower,
        metrics: Metrics,
        loop_metrics: LoopMetrics,
        poll_seconds: float,
    ) -> None:
        self._catalog = catalog
        self._shelf = shelf
        self._versions = versions
        self._shadower = shadower
        self._metrics = metrics
        self._loop_metrics = loop_metrics
        self._poll_seconds = poll_seconds
        self._failures: dict[str, tuple[str, float]] = {}
        self._troubles: dict[str, str] = {}

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Serve the active versions from the first request on, if the store can be read."""
        for name in self._catalog.names:
            self._loop_metrics.begin(name)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self.follow()
        except TimeoutError:
            for name in self._catalog.names:
                self._trouble(name, "unreachable", "the store did not answer in time")
        self._following = asyncio.create_task(self._follow_for_ever())

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Follow no more."""
        self._following.cancel()

    async def follow(self) -> None:
        """Look once, and load and swap what is to be served anew."""
        for name in self._catalog.names:
            try:
                await self._follow_model(name)
            except StoreUnavailable as error:
                self._trouble(name, "unreachable", error.message)
            except WeightsError as error:
                self._trouble(name, "failed", str(error))
            except Exception as error:  # noqa: BLE001 - who stops following serves old weights for good
                self._trouble(name, "failed", repr(error))
        await self._shadower.follow()

    async def _follow_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            await self.follow()

    async def _follow_model(self, name: str) -> None:
        wanted = await asyncio.to_thread(self._versions.active_version, name)
        served = self._catalog.get(name)
        if served.entry.version != wanted:
            failed, when = self._failures.get(name, ("", 0.0))
            if failed == wanted and monotonic() < when + _RETRY_SECONDS:
                return
            self._swap(served, await self._load(name, wanted))
        self._failures.pop(name, None)
        self._troubles.pop(name, None)
        self._loop_metrics.behind.labels(name).set(0)

    async def _load(self, name: str, version: str) -> Model:
        # The code's own, or the version before: rolling back needs no store.
        try:
            return await self._shelf.fetch(name, version, self._versions.load)
        except WeightsError:
            self._failures[name] = (version, monotonic())
            raise

    def _swap(self, old: Model, new: Model) -> None:
        self._catalog.replace(new)
        self._shelf.keep(old)
        self._metrics.describe_model(old, is_served=False)
        self._metrics.describe_model(new, is_served=True)
        self._loop_metrics.activations.labels(new.name, "loaded").inc()
        fields = {"model": new.name, "from": old.entry.version, "to": new.entry.version}
        LOGGER.info("activated", extra={"fields": fields})

    def _trouble(self, name: str, result: str, sentence: str) -> None:
        """Count what keeps a model from its active version, and log it when it is news."""
        self._loop_metrics.activations.labels(name, result).inc()
        self._loop_metrics.behind.labels(name).set(1)
        if self._troubles.get(name) != sentence:
            self._troubles[name] = sentence
            served = self._catalog.get(name).entry.version
            fields = {"model": name, "served": served, "reason": sentence}
            LOGGER.error("the active version is not served", extra={"fields": fields})
