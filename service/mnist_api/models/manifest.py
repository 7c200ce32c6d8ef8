"""The manifest of a weights folder: which files there are, what they are, and their digests."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mnist_api.errors import WeightsError

MANIFEST = "manifest.json"


class Holdout(msgspec.Struct, frozen=True):
    """Accuracy (0..1) on digits that never trained, calibrated or stopped anything."""

    accuracy: Annotated[float, Meta(ge=0, le=1)]
    images: Annotated[int, Meta(ge=1)]


class ModelEntry(msgspec.Struct, frozen=True):
    """One model of the manifest."""

    # Not narrowed to what is served today: the papers of a store's older versions stay readable.
    runtime: str
    # A bare file name: a manifest must not be able to point outside its own folder.
    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    created: str
    training_images: int
    recipe: str
    holdout: Holdout

    @property
    def version(self) -> str:
        """The short name of these very weights: the first twelve digits of their sha256."""
        return self.sha256[:12]


class Manifest(msgspec.Struct, frozen=True):
    """The whole file."""

    format: Literal[1]
    models: Annotated[dict[str, ModelEntry], Meta(min_length=1)]


def read_manifest(folder: Path) -> Manifest:
    """Read `manifest.json`.

    Raises:
        WeightsError: it is missing, is not JSON, or is of a format this version does not know.
    """
    path = folder / MANIFEST
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise WeightsError(f"{path} is not a manifest this version can read: {error}") from error


def read_weights(folder: Path, entry: ModelEntry) -> bytes:
    """Read a model's file and check it against the manifest.

    Raises:
        WeightsError: the file is missing, or its sha256 is not the manifest's.
    """
    path = folder / entry.file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror}") from error
    try:
        check_digest(entry, content)
    except WeightsError as error:
        raise WeightsError(f"{path} {error}") from error
    return content


def check_digest(entry: ModelEntry, content: bytes) -> None:
    """Compare a model's bytes with the manifest's digest of them.

    Raises:
        WeightsError: they differ.
    """
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry.sha256:
        raise WeightsError(
            f"is damaged or was altered: its sha256 is {digest[:12]}..., "
            f"the manifest says {entry.sha256[:12]}..."
        )


def now() -> str:
    """Return the time in UTC, to the second, as a manifest tells when a model was created."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
