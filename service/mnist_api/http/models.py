"""`GET /models/` and `GET /models/{name}`: what is served."""

from collections.abc import Sequence

import msgspec
from falcon.asgi import Request, Response

from mnist_api.errors import ModelNotFound, UnknownModel
from mnist_api.models.catalog import Catalog, Model
from mnist_api.models.manifest import Holdout


class ModelList(msgspec.Struct, frozen=True):
    """The names of the served models, in alphabetical order."""

    models: Sequence[str]


class ModelInput(msgspec.Struct, frozen=True):
    """What a model sees."""

    shape: Sequence[int] = (28, 28)
    datatype: str = "UINT8"
    ink: str = "bright on 0"


class ModelDescription(msgspec.Struct, frozen=True):
    """Where a model comes from and how good it is."""

    name: str
    version: str
    sha256: str
    runtime: str
    recipe: str
    trained_at: str
    training_images: int
    holdout: Holdout
    input: ModelInput
    versions: Sequence[str]


def find_model(catalog: Catalog, name: str) -> Model:
    """Return the version of a model that is served.

    Raises:
        ModelNotFound: there is no such model.
    """
    try:
        return catalog.get(name)
    except UnknownModel as error:
        raise ModelNotFound(error.message) from error


class ModelsResource:
    """Lists the served models."""

    def __init__(self, catalog: Catalog) -> None:
        self._body = msgspec.json.encode(ModelList(catalog.names))

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
        entry = find_model(self._catalog, name).entry
        resp.data = msgspec.json.encode(
            ModelDescription(
                name=name,
                version=entry.version,
                sha256=entry.sha256,
                runtime=entry.runtime,
                recipe=entry.recipe,
                trained_at=entry.created,
                training_images=entry.training_images,
                holdout=entry.holdout,
                input=ModelInput(),
                versions=(entry.version,),
            )
        )
