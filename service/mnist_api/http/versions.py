"""`/models/{name}/versions` and `/models/{name}/activate`: which weights are served, and were."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
from falcon.asgi import Request, Response

from mnist_api.http.auth import Gatekeeper
from mnist_api.http.body import read_body
from mnist_api.http.json_body import parsed
from mnist_api.http.models import find_model
from mnist_api.models.catalog import Catalog
from mnist_api.models.manifest import Holdout, ModelEntry
from mnist_api.retraining.verdict import Verdict
from mnist_api.retraining.versions import Versions

_BUILTIN = "built-in"


class VersionDescription(msgspec.Struct, frozen=True):
    """Where a version comes from, and what the gate said of it."""

    version: str
    sha256: str
    origin: str
    """The job that made it, or `built-in`."""
    created: str
    recipe: str
    training_images: int
    holdout: Holdout
    is_active: bool
    verdict: Verdict | None


class VersionList(msgspec.Struct, frozen=True):
    """A model's versions, the built-in one first and then by age."""

    model: str
    active: str
    served: str
    """What the worker that answers serves; other than `active` until it has followed."""
    versions: Sequence[VersionDescription]


class ActivateRequest(msgspec.Struct, frozen=True):
    """Which version to serve: its twelve letters."""

    version: str


class ActivateResponse(msgspec.Struct, frozen=True):
    """What is served from now on, and was before; activating that again is rolling back."""

    model: str
    version: str
    previous: str


_DECODER: Final = msgspec.json.Decoder(ActivateRequest)


class VersionsResource:
    """Lists a model's versions."""

    def __init__(self, gatekeeper: Gatekeeper, catalog: Catalog, versions: Versions) -> None:
        self._gatekeeper = gatekeeper
        self._catalog = catalog
        self._versions = versions

    async def on_get(self, req: Request, resp: Response, name: str) -> None:
        """Answer all versions of a model."""
        self._gatekeeper.reader(req)
        served = find_model(self._catalog, name).entry.version
        resp.data = msgspec.json.encode(await asyncio.to_thread(self._listed, name, served))

    def _listed(self, name: str, served: str) -> VersionList:
        active = self._versions.active_version(name)

        def described(
            entry: ModelEntry, origin: str, verdict: Verdict | None
        ) -> VersionDescription:
            return VersionDescription(
                entry.version,
                entry.sha256,
                origin,
                entry.created,
                entry.recipe,
                entry.training_images,
                entry.holdout,
                entry.version == active,
                verdict,
            )

        stored = [
            described(record.entry, record.job, record.verdict)
            for record in self._versions.records(name)
        ]
        builtin = described(self._versions.builtin[name], _BUILTIN, None)
        return VersionList(name, active, served, [builtin, *stored])


class ActivateResource:
    """Chooses the version of a model that all replicas serve."""

    def __init__(
        self, gatekeeper: Gatekeeper, catalog: Catalog, versions: Versions, max_body_bytes: int
    ) -> None:
        self._gatekeeper = gatekeeper
        self._catalog = catalog
        self._versions = versions
        self._max_body_bytes = max_body_bytes

    async def on_post(self, req: Request, resp: Response, name: str) -> None:
        """Set the pointer that all workers follow."""
        body = await read_body(req, self._max_body_bytes)
        by = self._gatekeeper.writer(req)
        find_model(self._catalog, name)
        asked = parsed(_DECODER, body)
        pointer = await asyncio.to_thread(self._versions.activate, name, asked.version, by)
        resp.data = msgspec.json.encode(ActivateResponse(name, pointer.version, pointer.previous))
