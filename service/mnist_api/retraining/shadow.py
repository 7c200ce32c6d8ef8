"""Which candidates see a share of the traffic: told once, followed by all workers."""

import asyncio

import msgspec

from mnist_api.errors import StoreUnavailable, UnknownModel, WeightsError
from mnist_api.logs import LOGGER
from mnist_api.models.manifest import now
from mnist_api.models.mirror import Mirror
from mnist_api.models.shelf import Shelf
from mnist_api.retraining.audit import Audit
from mnist_api.retraining.metrics import LoopMetrics
from mnist_api.retraining.stores import ObjectStore
from mnist_api.retraining.versions import Versions

_PREFIX = "shadow/"


class Order(msgspec.Struct, frozen=True):
    """What a model's traffic is shown to, and how much of it."""

    version: str
    share: float
    at: str
    by: str


class Shadows:
    """The orders of a store. Calls block."""

    def __init__(self, store: ObjectStore, versions: Versions) -> None:
        self._store = store
        self._versions = versions
        self._audit = Audit(store)

    def set(self, model: str, version: str, share: float, by: str) -> Order:
        """Have a share (0 to 1) of a model's traffic shown to a version.

        Raises:
            VersionNotFound: there is no such version.
        """
        self._versions.check(model, version)
        order = Order(version, share, now(), by)
        self._store.put(_PREFIX + model, msgspec.json.encode(order))
        active = self._versions.active_version(model)
        self._audit.note(by, "shadow", model, f"{100 * share:g} % of the traffic", active, version)
        return order

    def get(self, model: str) -> Order | None:
        """Return what a model's traffic is shown to."""
        content = self._store.get(_PREFIX + model)
        return None if content is None else msgspec.json.decode(content, type=Order)

    def clear(self, model: str, by: str) -> None:
        """Have a model's traffic shown to nobody else."""
        order = self.get(model)
        if order is not None:
            self._store.delete(_PREFIX + model)
            self._audit.note(by, "end shadow", model, "done", order.version)

    def all(self) -> dict[str, Order]:
        """Return all orders by model; one listing where there are none."""
        names = [key.removeprefix(_PREFIX) for key in self._store.keys(_PREFIX)]
        orders = {name: self.get(name) for name in names}
        return {name: order for name, order in orders.items() if order is not None}


class Shadower:
    """Keeps a worker's mirror at what is ordered; it stays as it is while the store is gone."""

    def __init__(
        self,
        shadows: Shadows,
        versions: Versions,
        shelf: Shelf,
        mirror: Mirror,
        loop_metrics: LoopMetrics,
    ) -> None:
        self._shadows = shadows
        self._versions = versions
        self._shelf = shelf
        self._mirror = mirror
        self._metrics = loop_metrics
        self._known: dict[str, Order] = {}
        mirror.count_by(
            lambda model, result, count: loop_metrics.shadowed.labels(model, result).inc(count)
        )

    async def follow(self) -> None:
        """Look once, and show or no longer show what is ordered."""
        try:
            orders = await asyncio.to_thread(self._shadows.all)
        except (StoreUnavailable, msgspec.DecodeError) as error:
            LOGGER.debug("shadows stay as they are", extra={"fields": {"reason": str(error)}})
            return
        for name in self._known.keys() - orders.keys():
            self._end(name)
        for name, order in orders.items():
            if self._known.get(name) != order:
                await self._begin(name, order)

    async def _begin(self, name: str, order: Order) -> None:
        self._end(name)
        try:
            candidate = await self._shelf.fetch(name, order.version, self._versions.load)
        except StoreUnavailable:
            # Not known, so that the next look tries again.
            return
        except (WeightsError, UnknownModel) as error:
            self._metrics.shadowed.labels(name, "failed").inc()
            fields = {"model": name, "version": order.version, "reason": str(error)}
            LOGGER.error("a shadow cannot be loaded", extra={"fields": fields})
        else:
            self._mirror.set(candidate, order.share)
            self._metrics.shadow_share.labels(name).set(order.share)
        self._known[name] = order

    def _end(self, name: str) -> None:
        self._known.pop(name, None)
        self._mirror.clear(name)
        self._metrics.shadow_share.labels(name).set(0)
