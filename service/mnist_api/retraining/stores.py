"""Where the loop keeps what must not be lost: one small interface, several places."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from urllib.parse import unquote, urlsplit

# Enough to hide the latency of a bucket when thousands of small objects are read.
_READERS = 16


class ObjectStore(Protocol):
    """Bytes by key. Keys are words of `[A-Za-z0-9._-]` joined by `/`. All calls block.

    Each of them raises `StoreUnavailable` where the place cannot be reached or written.
    """

    def get(self, key: str) -> bytes | None:
        """Return an object, or None where there is none."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Create or replace an object at once: nobody ever reads half of it. Durable on return."""
        ...

    def put_new(self, key: str, content: bytes) -> bool:
        """Create an object, durable on return; False, and nothing done, where there is one.

        Of several that try at the same time, exactly one succeeds.
        """
        ...

    def keys(self, prefix: str) -> Sequence[str]:
        """Return the keys that begin with a prefix, sorted.

        Only the part of the prefix behind its last `/` may be part of a word.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        ...


def open_store(url: str, *, make: bool = True) -> ObjectStore:
    """Return the store at `file:///folder` or `s3://bucket/prefix`, reachable or not.

    Args:
        url: where it is.
        make: whether to make a folder that is not there; one that has gone for a while, such as a
            file system that is not mounted, must not be made anew by who knows that it was there.
    """
    # Each imported where it is wanted: a bucket needs an extra, and 16 MB.
    if url.startswith("s3://"):
        from mnist_api.retraining.s3_store import BucketStore  # noqa: PLC0415

        return BucketStore(url)
    from mnist_api.retraining.directory_store import DirectoryStore  # noqa: PLC0415

    return DirectoryStore(unquote(urlsplit(url).path), make=make)


def read_all(store: ObjectStore, keys: Iterable[str]) -> dict[str, bytes]:
    """Return the objects that are still there, by key, reading many at the same time."""
    wanted = list(keys)
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(store.get, wanted)
        return {
            key: content for key, content in zip(wanted, found, strict=True) if content is not None
        }
