"""A store in a folder, of one machine or shared by many: `file:///folder`."""

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mnist_api.errors import StoreUnavailable

# What is being written lies here first. Half an hour old, its writer was killed.
_BESIDE = ".beside"
_ABANDONED_SECONDS = 1800


class DirectoryStore:
    """Objects are files. What is complete appears by a rename or a link, never before."""

    def __init__(self, folder: str | Path, *, make: bool = True) -> None:
        """Open the folder, or make it; where that fails, the first call will tell."""
        self._folder = Path(folder)
        self._beside = self._folder / _BESIDE
        with suppress(OSError):
            if make:
                self._beside.mkdir(parents=True, exist_ok=True)
            self._sweep()

    def get(self, key: str) -> bytes | None:
        """Return an object, or None where there is none."""
        with _refusals():
            self._check_mounted()
            try:
                return self._path(key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def put(self, key: str, content: bytes) -> None:
        """Create or replace an object."""
        path = self._path(key)
        with _refusals(), self._written(content) as beside:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.rename(path)
            _sync_folder(path.parent)

    def put_new(self, key: str, content: bytes) -> bool:
        """Create an object; False where there is one."""
        path = self._path(key)
        with _refusals(), self._written(content) as beside:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                # A rename would replace; a link refuses, also on NFS.
                path.hardlink_to(beside)
            except FileExistsError:
                return False
            _sync_folder(path.parent)
            return True

    def keys(self, prefix: str) -> Sequence[str]:
        """Return the keys that begin with a prefix, sorted."""
        folder, _, _ = prefix.rpartition("/")
        with _refusals():
            self._check_mounted()
            found = (key for key in _walk(self._folder / folder, folder) if key.startswith(prefix))
            return sorted(found)

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        path = self._path(key)
        with _refusals():
            self._check_mounted()
            path.unlink(missing_ok=True)
            if path.parent.exists():
                _sync_folder(path.parent)

    def _path(self, key: str) -> Path:
        words = key.split("/")
        # Keys are made by this program alone; one that leads elsewhere is a mistake in it.
        if any(word in {"", ".", ".."} or word.startswith(".") for word in words):
            raise ValueError(f"{key!r} is no key")
        return self._folder.joinpath(*words)

    def _check_mounted(self) -> None:
        """Tell a folder that has gone from one that has nothing in it."""
        self._beside.stat()

    @contextmanager
    def _written(self, content: bytes) -> Iterator[Path]:
        """Write and sync a file beside; what is left of it in the end goes."""
        path = self._beside / secrets.token_hex(8)
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        for path in self._beside.iterdir():
            with suppress(FileNotFoundError):  # another process sweeps too
                if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                    path.unlink()


def _walk(folder: Path, key: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        below = f"{key}/{entry.name}" if key else entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, below)
        else:
            yield below


def _sync_folder(folder: Path) -> None:
    """Make names durable: a file's own sync does not bring its name to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreUnavailable(f"the store cannot be used: {reason}") from error
