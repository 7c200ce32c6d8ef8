"""`/samples/`: digits that people labelled, for the models to learn from."""

import asyncio
from collections.abc import Sequence
from io import BytesIO
from typing import Annotated, Final

import msgspec
import numpy as np
from falcon.asgi import Request, Response
from msgspec import Meta

from mnist_api.http.auth import Gatekeeper
from mnist_api.http.base64_image import decode_base64
from mnist_api.http.body import read_body
from mnist_api.http.json_body import parsed
from mnist_api.http.paging import page_of
from mnist_api.http.patience import Patience
from mnist_api.prediction.deadline import Deadline
from mnist_api.prediction.pictures import Pictures
from mnist_api.retraining.samples import Sample, Samples

Digit = Annotated[int, Meta(ge=0, le=9)]


class SampleRequest(msgspec.Struct, frozen=True):
    """A picture in base64, as for a prediction, and the digit that it shows."""

    image: str
    label: Digit


class SampleResponse(msgspec.Struct, frozen=True):
    """A stored sample."""

    id: str
    """A digest of the normalised picture."""
    label: Digit
    held_out: bool
    """Whether it only judges models, and never trains one."""


class SampleList(msgspec.Struct, frozen=True):
    """How many samples there are, and some of them in the order of their ids."""

    count: int
    per_digit: Annotated[Sequence[int], Meta(min_length=10, max_length=10)]
    samples: Sequence[SampleResponse]
    next: str | None
    """What to send as `after` for those that follow."""


_DECODER: Final = msgspec.json.Decoder(SampleRequest)


class SamplesResource:
    """Takes samples and lists them."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        samples: Samples,
        pictures: Pictures,
        patience: Patience,
        max_body_bytes: int,
    ) -> None:
        self._gatekeeper = gatekeeper
        self._samples = samples
        self._pictures = pictures
        self._patience = patience
        self._max_body_bytes = max_body_bytes

    async def on_post(self, req: Request, resp: Response) -> None:
        """Store a sample: 201 once it is durable, 200 where it was there before."""
        # Read before anybody is refused: a connection with half a body left would be reset.
        body = await read_body(req, self._max_body_bytes)
        name = self._gatekeeper.writer(req)
        asked = parsed(_DECODER, body)
        until = Deadline(self._patience.deadline(req))
        picture = await self._pictures.make(decode_base64(asked.image), until)
        sample, is_new = await asyncio.to_thread(self._samples.add, picture, asked.label, name)
        resp.status = 201 if is_new else 200
        resp.data = msgspec.json.encode(_described(sample))

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer counts, and one page of the list."""
        self._gatekeeper.reader(req)
        names = await asyncio.to_thread(self._samples.names)
        page, following = page_of(req, names, lambda sample: sample.id)
        resp.data = msgspec.json.encode(
            SampleList(
                count=len(names),
                per_digit=np.bincount([name.label for name in names], minlength=10).tolist(),
                samples=[_described(sample) for sample in page],
                next=following,
            )
        )


class SampleResource:
    """Removes one sample."""

    def __init__(self, gatekeeper: Gatekeeper, samples: Samples) -> None:
        self._gatekeeper = gatekeeper
        self._samples = samples

    async def on_delete(self, req: Request, resp: Response, id_: str) -> None:
        """Remove it."""
        by = self._gatekeeper.writer(req)
        await asyncio.to_thread(self._samples.remove, id_, by)
        resp.status = 204


class ExportResource:
    """Gives all samples away as arrays."""

    def __init__(self, gatekeeper: Gatekeeper, samples: Samples) -> None:
        self._gatekeeper = gatekeeper
        self._samples = samples

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer an `.npz`: `images` uint8 (n, 28, 28), `labels` uint8 (n,), `held_out` bool."""
        self._gatekeeper.reader(req)
        resp.content_type = "application/x-npz"
        resp.set_header("Content-Disposition", 'attachment; filename="samples.npz"')
        resp.data = await asyncio.to_thread(self._packed)

    def _packed(self) -> bytes:
        samples = self._samples.load()
        held_out = np.array([name.is_held_out for name in samples.names], bool)
        file = BytesIO()
        np.savez_compressed(file, images=samples.images, labels=samples.labels, held_out=held_out)
        return file.getvalue()


def _described(sample: Sample) -> SampleResponse:
    return SampleResponse(sample.id, sample.label, sample.is_held_out)
