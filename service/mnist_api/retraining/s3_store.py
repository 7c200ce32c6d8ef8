"""A store in a bucket: `s3://bucket/prefix`, by the extra `s3`.

Keys and region, or a role, come from where AWS's own tools take them: `AWS_ACCESS_KEY_ID`,
`AWS_REGION`, web identity, instance metadata; another endpoint, also of plain HTTP within a
cluster, from `AWS_ENDPOINT_URL`. Creating goes by `If-None-Match`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from mnist_api.errors import StoreUnavailable

# What asks again waits for 2 s at most, all in all 10 s: a request is waiting, or a job asks anew.
_CONNECT, _ANSWER, _ALL = (timedelta(seconds=seconds) for seconds in (2, 5, 10))


class BucketStore:
    """Objects are objects. S3 itself is atomic and durable."""

    def __init__(self, url: str) -> None:
        """Name a bucket; whether it is there, and lets us in, the first call will tell."""
        self._bucket = S3Store.from_url(
            url,
            client_options={
                "connect_timeout": _CONNECT,
                "timeout": _ANSWER,
                "allow_http": True,
            },
            retry_config={"max_retries": 3, "retry_timeout": _ALL},
        )

    def get(self, key: str) -> bytes | None:
        """Return an object, or None where there is none."""
        with _refusals():
            try:
                return self._bucket.get(key).bytes().to_bytes()
            except FileNotFoundError:
                return None

    def put(self, key: str, content: bytes) -> None:
        """Create or replace an object."""
        with _refusals():
            self._bucket.put(key, content)

    def put_new(self, key: str, content: bytes) -> bool:
        """Create an object; False where there is one."""
        with _refusals():
            try:
                self._bucket.put(key, content, mode="create")
            except AlreadyExistsError:
                return False
            return True

    def keys(self, prefix: str) -> Sequence[str]:
        """Return the keys that begin with a prefix, sorted."""
        folder, _, word = prefix.rpartition("/")
        with _refusals():
            # Within a folder the listing starts where the word would stand, not at its beginning.
            pages = self._bucket.list(folder or None, offset=prefix if word else None)
            found: list[str] = []
            for page in pages:
                fitting = [entry["path"] for entry in page if entry["path"].startswith(prefix)]
                found += fitting
                if len(fitting) < len(page):
                    break
            return sorted(found)

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        with _refusals(), suppress(FileNotFoundError):
            self._bucket.delete(key)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        reason = str(error).splitlines()[0][:200]
        raise StoreUnavailable(f"the store cannot be used: {reason}") from error
