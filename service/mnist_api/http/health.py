"""`/healthz`, `/readyz` and `/metrics`: what the platform asks."""

from collections.abc import Mapping
from typing import Literal

import msgspec
from falcon.asgi import Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry

from mnist_api.metrics import Metrics, exposition
from mnist_api.models.catalog import Catalog


class Alive(msgspec.Struct, frozen=True):
    """That the event loop turns."""

    status: Literal["alive"] = "alive"


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """That the models are loaded, and the version of each."""

    status: Literal["ready"] = "ready"
    models: Mapping[str, str]


class LivenessResource:
    """Says that the event loop turns; a process that cannot say so is to be restarted."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer `{"status": "alive"}`."""
        resp.data = msgspec.json.encode(Alive())


class ReadinessResource:
    """Says that the models are loaded; exists only once they are."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the versions that this worker serves."""
        versions = {model.name: model.entry.version for model in self._catalog}
        resp.data = msgspec.json.encode(Ready(models=versions))


class MetricsResource:
    """Shows the figures of all workers."""

    def __init__(self, metrics: Metrics, registry: CollectorRegistry) -> None:
        self._metrics = metrics
        self._registry = registry

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer in Prometheus's text format."""
        self._metrics.flush()
        resp.content_type = CONTENT_TYPE_LATEST
        resp.data = exposition(self._registry)
