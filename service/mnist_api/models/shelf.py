"""Versions that a request may name beside those that are served: some kept, more on demand."""

import asyncio
from collections.abc import Callable
from time import monotonic

from cachetools import LRUCache

from mnist_api.errors import Overloaded, VersionNotFound
from mnist_api.models.catalog import Catalog, Model, Selection

Load = Callable[[str, str], Model]
"""Returns a version of a model; blocks. Raises VersionNotFound, StoreUnavailable."""

# Beside those that are served: some 3 MB each.
_MOST_KEPT = 4
# Anybody may name a version. Looking for one costs a call of the store, and loading it 50 ms of a
# processor, so that a worker does either this often and no more: in a burst, and each second.
_BURST, _PER_SECOND = 8.0, 2.0


class Shelf:
    """Finds versions. Used by one thread, the event loop's."""

    def __init__(self, catalog: Catalog, clock: Callable[[], float] = monotonic) -> None:
        """Begin with the versions that the code brings, which are served now and kept for good."""
        self._catalog = catalog
        self._brought = {(model.name, model.entry.version): model for model in catalog}
        self._clock = clock
        self._load: Load | None = None
        self._kept: LRUCache[tuple[str, str], Model] = LRUCache(_MOST_KEPT)
        self._loading: dict[tuple[str, str], asyncio.Task[Model]] = {}
        self._left = _BURST
        self._counted = clock()

    def load_by(self, load: Load) -> None:
        """Say where versions come from that are not kept; until then, from nowhere."""
        self._load = load

    def keep(self, model: Model) -> None:
        """Keep a version that was loaded: the one asked for longest ago goes for it."""
        key = model.name, model.entry.version
        if key not in self._brought:
            self._kept[key] = model

    def kept(self, name: str, version: str) -> Model | None:
        """Return a version that is served or kept, or None.

        Raises:
            UnknownModel: there is no such model.
        """
        served = self._catalog.get(name)
        if served.entry.version == version:
            return served
        key = name, version
        return self._brought.get(key) or self._kept.get(key)

    async def fetch(self, name: str, version: str, load: Load) -> Model:
        """Return a version that is served or kept, or have it loaded, in a thread.

        Raises:
            UnknownModel: there is no such model.
            And what `load` raises.
        """
        found = self.kept(name, version)
        return await asyncio.to_thread(load, name, version) if found is None else found

    async def select(self, name: str | None, version: str) -> Selection:
        """Return one version of one model, as a request names it.

        Raises:
            VersionNotFound: it names no model, and a version is one model's.
            UnknownModel, and what else `get` raises.
        """
        if name is None:
            raise VersionNotFound("a version is one model's: name the model too")
        return Selection.of([await self.get(name, version)])

    async def get(self, name: str, version: str) -> Model:
        """Return a version, loaded if need be.

        Raises:
            UnknownModel: there is no such model.
            VersionNotFound: nor version.
            Overloaded: versions are asked for faster than they may be loaded.
            StoreUnavailable: it is not kept, and cannot be looked for.
        """
        found = self.kept(name, version)
        if found is not None:
            return found
        if self._load is None:
            served = self._catalog.get(name).entry.version
            raise VersionNotFound(f"{name} is served as version {served} only")
        key = name, version
        task = self._loading.get(key)
        if task is None:
            self._spend()
            task = asyncio.create_task(self._loaded(self._load, name, version))
            self._loading[key] = task
            task.add_done_callback(lambda task: self._landed(key, task))
        # Others may wait for it too: who goes away does not take it from them.
        return await asyncio.shield(task)

    async def _loaded(self, load: Load, name: str, version: str) -> Model:
        model = await asyncio.to_thread(load, name, version)
        self.keep(model)
        return model

    def _landed(self, key: tuple[str, str], task: asyncio.Task[Model]) -> None:
        del self._loading[key]
        # Looked at, so that an error which nobody waits for any more is none of the loop's.
        task.cancelled() or task.exception()

    def _spend(self) -> None:
        now = self._clock()
        self._left = min(_BURST, self._left + (now - self._counted) * _PER_SECOND)
        self._counted = now
        if self._left < 1:
            raise Overloaded("versions are asked for faster than they are loaded; try again soon")
        self._left -= 1
