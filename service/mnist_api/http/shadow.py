"""`/models/{name}/shadow`: a version that sees a share of the traffic, and answers nobody."""

import asyncio
from typing import Annotated, Final

import msgspec
from falcon.asgi import Request, Response
from msgspec import Meta

from mnist_api.http.auth import Gatekeeper
from mnist_api.http.body import read_body
from mnist_api.http.json_body import parsed
from mnist_api.http.models import find_model
from mnist_api.models.catalog import Catalog
from mnist_api.retraining.shadow import Order, Shadows


class ShadowRequest(msgspec.Struct, frozen=True):
    """Which version is shown how much: 0.1 is every tenth picture."""

    version: str
    share: Annotated[float, Meta(gt=0, le=1)]


class ShadowResponse(msgspec.Struct, frozen=True):
    """What a model's traffic is shown to; null where it is shown to nobody else."""

    model: str
    version: str | None
    share: float
    since: str | None
    by: str | None


_DECODER: Final = msgspec.json.Decoder(ShadowRequest)


class ShadowResource:
    """Begins and ends shadowing."""

    def __init__(
        self, gatekeeper: Gatekeeper, catalog: Catalog, shadows: Shadows, max_body_bytes: int
    ) -> None:
        self._gatekeeper = gatekeeper
        self._catalog = catalog
        self._shadows = shadows
        self._max_body_bytes = max_body_bytes

    async def on_get(self, req: Request, resp: Response, name: str) -> None:
        """Answer what is shown to whom."""
        self._gatekeeper.reader(req)
        find_model(self._catalog, name)
        order = await asyncio.to_thread(self._shadows.get, name)
        resp.data = msgspec.json.encode(_described(name, order))

    async def on_post(self, req: Request, resp: Response, name: str) -> None:
        """Have all workers show a share of a model's pictures to a version."""
        body = await read_body(req, self._max_body_bytes)
        by = self._gatekeeper.writer(req)
        find_model(self._catalog, name)
        asked = parsed(_DECODER, body)
        order = await asyncio.to_thread(self._shadows.set, name, asked.version, asked.share, by)
        resp.data = msgspec.json.encode(_described(name, order))

    async def on_delete(self, req: Request, resp: Response, name: str) -> None:
        """Have a model's pictures shown to nobody else."""
        by = self._gatekeeper.writer(req)
        find_model(self._catalog, name)
        await asyncio.to_thread(self._shadows.clear, name, by)
        resp.status = 204


def _described(model: str, order: Order | None) -> ShadowResponse:
    if order is None:
        return ShadowResponse(model, None, 0.0, None, None)
    return ShadowResponse(model, order.version, order.share, order.at, order.by)
