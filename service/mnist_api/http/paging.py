"""Long lists, a page at a time."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

from falcon.asgi import Request

from mnist_api.errors import InvalidRequest

T = TypeVar("T")
_USUAL, _MOST = 100, 1000


def page_of(
    req: Request, items: Sequence[T], name: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """Return the items that a request asks for by `after` and `limit`, and the next `after`.

    Args:
        req: whose query it is.
        items: sorted by name.
        name: returns an item's.

    Raises:
        InvalidRequest: `limit` is no number from 1 to 1000.
    """
    after, limit = req.get_param("after"), _limit(req.get_param("limit"))
    behind = (item for item in items if after is None or name(item) > after)
    page = list(islice(behind, limit + 1))
    return page[:limit], name(page[limit - 1]) if len(page) > limit else None


def _limit(given: str | None) -> int:
    if given is None:
        return _USUAL
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= _MOST):
        raise InvalidRequest(f"limit must be 1 to {_MOST}, not {given[:64]!r}")
    return int(given)
