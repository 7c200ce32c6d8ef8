"""A worker's first and last words."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mnist_api.logs import LOGGER
from mnist_api.metrics import FLUSH_SECONDS, Metrics
from mnist_api.models.catalog import Catalog
from mnist_api.settings import Settings

# A 3 from the 500 training images, as a PNG of one bit a pixel: short enough to read past.
_EXAMPLE = (
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAAQUlEQVR42n3MsQ2AMAADwYuzBOxCwWiMRpFBKJkC"
    "UQSE0vCF5eL1/LPARTSohHEqUTYxEfMqTuIYvbL391Te1McNgncFpiL8IuwAAAAASUVORK5CYII="
)


class Lifespan:
    """Says what is served once it is, and tidies up behind."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        metrics: Metrics,
        state: Mapping[str, object],
        closers: Sequence[Callable[[], None]],
    ) -> None:
        """Take what there is to tell and to tidy.

        Args:
            settings: what the operator chose.
            catalog: the models.
            metrics: handed over as long as the process lives.
            state: what the worker and its connections share with the application, by name.
            closers: called at the end.
        """
        self._settings = settings
        self._catalog = catalog
        self._metrics = metrics
        self._state = state
        self._closers = closers

    async def process_startup(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Log the models and, if asked, print a call that works; begin to hand over metrics."""
        # What the worker's connections need; the ASGI specification's way to hand it to the server.
        scope["state"].update(self._state)
        self._flushing = asyncio.create_task(self._flush_for_ever())
        bind = self._settings.bind
        models = {model.name: model.entry.version for model in self._catalog}
        LOGGER.info("ready", extra={"fields": {"bind": bind, "models": models}})
        if self._settings.hint:
            print(example_call(bind), flush=True)

    async def process_shutdown(self, scope: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Let threads and connections go, and the last figures be known."""
        self._flushing.cancel()
        self._metrics.flush()
        for close in self._closers:
            close()
        LOGGER.info("stopped")

    async def _flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._metrics.flush()


def example_call(bind: str) -> str:
    """Return a `curl` command that asks the service at an address for a digit."""
    body = f'{{"image":"{_EXAMPLE}"}}'
    host = bind.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")  # noqa: S104
    address = f"http://{host}"
    if bind.startswith("unix:"):
        address = f"--unix-socket {bind.removeprefix('unix:')} http://localhost"
    return f"curl {address}/predict/ -H 'Content-Type: application/json' -d '{body}'"
