"""What gunicorn's own parser makes of bytes."""

from typing import NamedTuple

from gunicorn.asgi.parser import ParseError, PythonProtocol

from mnist_api.http.plain_request import plain_request


class Read(NamedTuple):
    """One whole request, with nothing behind it, on a connection that stays open."""

    method: bytes
    path: bytes
    fields: list[tuple[bytes, bytes]]
    body: bytes


def read_by_gunicorn(request: bytes) -> Read | None:
    """Return what gunicorn reads in bytes that are exactly one request; None for all else."""
    pieces: list[bytes] = []
    parser = PythonProtocol(on_body=pieces.append)
    try:
        parser.feed(request)
    except ParseError:
        return None
    if not parser.is_complete or parser.remaining() or not parser.should_keep_alive:
        return None
    return Read(parser.method, parser.path, list(parser.headers), b"".join(pieces))


def check_read_alike(request: bytes) -> bool:
    """Tell whether a request is answered beside Falcon; if so, gunicorn must read the same in it.

    Raises:
        AssertionError: it reads something else.
    """
    plain = plain_request(request)
    if plain is None or plain.missing:
        return False
    read = read_by_gunicorn(request)
    assert read is not None, "gunicorn reads no single request"
    path, _, query = read.path.partition(b"?")
    assert read.method == b"POST"
    assert path in (b"/predict", b"/predict/")
    assert (query.decode(), read.body) == (plain.head.query, plain.body)
    fields = {name.lower(): value for name, value in read.fields}
    assert fields.get(b"content-type", b"").decode() == plain.head.content_type
    assert fields.get(b"x-request-id", b"").decode() == (plain.given_id or "")
    return True
