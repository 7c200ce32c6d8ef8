"""Reading a request's body: bounded in bytes, complete or refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import NoReturn

from falcon.asgi import Request

from mnist_api.errors import BodyTooLarge, IncompleteBody

# A refused body is read to its end, within these bounds, so that a client that is still sending
# gets to read why: closing under it would reset the connection and lose the answer.
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 0.5


async def read_body(req: Request, max_bytes: int) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLarge: it is longer than `max_bytes`, as announced or as sent.
        IncompleteBody: the client stopped sending before the announced length.
    """
    announced = req.content_length
    if announced is not None and announced > max_bytes:
        await _refuse(req, aiter(req.stream), max_bytes)
    stream = aiter(req.stream)
    chunks: list[bytes] = []
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > max_bytes:
            await _refuse(req, stream, max_bytes)
        chunks.append(chunk)
    if announced is not None and size < announced:
        raise IncompleteBody(f"the body ended after {size} of {announced} bytes")
    return b"".join(chunks)


async def _refuse(req: Request, stream: AsyncIterator[bytes], max_bytes: int) -> NoReturn:
    # A client that asked "Expect: 100-continue" waits for our word and has sent nothing.
    if req.get_header("Expect") is None:
        await _drain(stream)
    raise BodyTooLarge(f"the body is larger than the {max_bytes} bytes that the service reads")


async def _drain(stream: AsyncIterator[bytes]) -> None:
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for chunk in stream:
                left -= len(chunk)
                if left < 0:
                    return
    except TimeoutError:
        return
