"""`GET /models/` and `GET /models/{name}`: what is served."""

import msgspec
from falcon.asgi import Request, Response

from mnist_api.errors import ModelNotFound, UnknownModel
from mnist_api.models.catalog import Catalog


class ModelsResource:
    """Lists the served models."""

    def __init__(self, catalog: Catalog) -> None:
        self._body = msgspec.json.encode({"models": catalog.names})

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the names, exactly `{"models": [...]}`."""
        resp.data = self._body


class ModelResource:
    """Describes one model."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def on_get(self, req: Request, resp: Response, name: str) -> None:
        """Answer where a model comes from and how good it is.

        Raises:
            ModelNotFound: there is no such model.
        """
        try:
            entry = self._catalog.get(name).entry
        except UnknownModel as error:
            raise ModelNotFound(error.message) from error
        resp.data = msgspec.json.encode(
            {
                "name": name,
                "version": entry.version,
                "sha256": entry.sha256,
                "runtime": entry.runtime,
                "recipe": entry.recipe,
                "trained_at": entry.created,
                "training_images": entry.training_images,
                "holdout": entry.holdout,
                "input": {"shape": [28, 28], "datatype": "UINT8", "ink": "bright on 0"},
                "versions": [entry.version],
            }
        )
