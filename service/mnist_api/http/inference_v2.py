"""`/v2`: the Open Inference Protocol, as the clients of Triton and KServe speak it."""

from collections.abc import Sequence
from importlib.metadata import version

import msgspec
import numpy as np
from falcon.asgi import Request, Response

from mnist_api.http.body import read_body
from mnist_api.http.infer_response import OUTPUTS, write_response
from mnist_api.http.models import find_model
from mnist_api.http.patience import Patience
from mnist_api.http.predict import VERSION_HEADER
from mnist_api.http.tensors import images_of, read_request
from mnist_api.models.catalog import Catalog, Model
from mnist_api.models.shelf import Shelf
from mnist_api.prediction.batch import BatchPredictor, Pictures
from mnist_api.prediction.deadline import Deadline
from mnist_api.prediction.pictures import Pictures as Decoder

_JSON_LENGTH = "Inference-Header-Content-Length"


class ServerMetadata(msgspec.Struct, frozen=True):
    """What the server is."""

    name: str
    version: str
    extensions: Sequence[str]


class ServerLive(msgspec.Struct, frozen=True):
    """That the event loop turns."""

    live: bool


class ServerReady(msgspec.Struct, frozen=True):
    """That the models are loaded."""

    ready: bool


class TensorMetadata(msgspec.Struct, frozen=True):
    """What a tensor must be, or is; -1 stands for any size."""

    name: str
    datatype: str
    shape: Sequence[int]


class ModelMetadata(msgspec.Struct, frozen=True):
    """What a model takes and gives."""

    name: str
    versions: Sequence[str]
    platform: str
    inputs: Sequence[TensorMetadata]
    outputs: Sequence[TensorMetadata]


class ModelReady(msgspec.Struct, frozen=True):
    """That a model is loaded."""

    name: str
    ready: bool


class ServerResource:
    """Describes the server."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the server's metadata."""
        resp.data = msgspec.json.encode(
            ServerMetadata("mnist-api", version("mnist-api"), ["binary_tensor_data"])
        )

    async def on_get_live(self, req: Request, resp: Response) -> None:
        """Answer that the event loop turns."""
        resp.data = msgspec.json.encode(ServerLive(live=True))

    async def on_get_ready(self, req: Request, resp: Response) -> None:
        """Answer that the models are loaded; there is no server before they are."""
        resp.data = msgspec.json.encode(ServerReady(ready=True))


class Finder:
    """Finds what an address names."""

    def __init__(self, catalog: Catalog, shelf: Shelf) -> None:
        self._catalog = catalog
        self._shelf = shelf

    async def find(self, name: str, version: str | None) -> Model:
        """Return a model, of the version that is served or of the one named.

        Raises:
            ModelNotFound: there is no such model.
            VersionNotFound, Overloaded, StoreUnavailable: as `Shelf.get` says.
        """
        served = find_model(self._catalog, name)
        return served if version is None else await self._shelf.get(name, version)


class ModelV2Resource:
    """Describes a model, and says that it is ready."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder

    async def on_get(
        self, req: Request, resp: Response, name: str, version: str | None = None
    ) -> None:
        """Answer the model's metadata."""
        model = await self._finder.find(name, version)
        resp.data = msgspec.json.encode(
            ModelMetadata(
                name=model.name,
                versions=[model.entry.version],
                platform=model.entry.runtime,
                inputs=[TensorMetadata("input", "UINT8", [-1, 28, 28])],
                outputs=[
                    TensorMetadata(output, datatype, shape)
                    for output, (datatype, shape) in OUTPUTS.items()
                ],
            )
        )

    async def on_get_ready(
        self, req: Request, resp: Response, name: str, version: str | None = None
    ) -> None:
        """Answer that the model is loaded."""
        model = await self._finder.find(name, version)
        resp.data = msgspec.json.encode(ModelReady(model.name, ready=True))


class InferResource:
    """Answers a batch of pictures."""

    def __init__(
        self,
        finder: Finder,
        decoder: Decoder,
        batches: BatchPredictor,
        patience: Patience,
        max_body_bytes: int,
        max_batch: int,
    ) -> None:
        self._finder = finder
        self._decoder = decoder
        self._batches = batches
        self._patience = patience
        self._max_body_bytes = max_body_bytes
        self._max_batch = max_batch

    async def on_post(
        self, req: Request, resp: Response, name: str, version: str | None = None
    ) -> None:
        """Answer labels and probabilities."""
        body = await read_body(req, self._max_body_bytes)
        deadline = self._patience.deadline(req)
        model = await self._finder.find(name, version)
        request, binary = read_request(body, req.get_header(_JSON_LENGTH))
        images = images_of(request, binary, self._max_batch)
        if isinstance(images, np.ndarray):
            pictures = await self._batches.normalise(images, deadline)
        else:
            pictures = await self._decoded(images, deadline)
        rows = await self._batches.infer(model, pictures, deadline)
        resp.set_header(VERSION_HEADER, model.identity)
        resp.data, json_length = write_response(model, request, rows)
        if json_length is not None:
            resp.content_type = "application/octet-stream"
            resp.set_header(_JSON_LENGTH, str(json_length))

    async def _decoded(self, files: Sequence[bytes], deadline: float) -> Pictures:
        until = Deadline(deadline)
        return np.stack([await self._decoder.make(file, until) for file in files])
