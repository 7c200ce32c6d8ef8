"""Writing models into a weights folder, so that it is whole at every moment."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mnist_api.errors import WeightsError
from mnist_api.models.catalog import RUNTIME
from mnist_api.models.manifest import MANIFEST, Holdout, Manifest, ModelEntry, now, read_manifest


@dataclass(frozen=True)
class Made:
    """A model as it came out of training."""

    content: bytes
    recipe: str
    training_images: int
    accuracy: float
    """On `holdout_images` digits that it never saw."""
    holdout_images: int


def publish(folder: Path, made: Mapping[str, Made]) -> None:
    """Add models to a folder, or replace those of the same names.

    Files are named by their content, so a new one never overwrites what the old manifest names; the
    manifest is replaced last and at once, and only then goes what it no longer names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = _entries(folder)
    for name, model in made.items():
        entry = entry_of(name, model)
        write(folder / entry.file, model.content)
        entries[name] = entry
    write(folder / MANIFEST, pretty(Manifest(1, dict(sorted(entries.items())))))
    _remove_unnamed(folder, {entry.file for entry in entries.values()})


def _entries(folder: Path) -> dict[str, ModelEntry]:
    try:
        return dict(read_manifest(folder).models)
    except WeightsError:
        return {}


def entry_of(name: str, model: Made) -> ModelEntry:
    """Return the line that a manifest has of a model, made now."""
    sha256 = hashlib.sha256(model.content).hexdigest()
    return msgspec.convert(
        {
            "runtime": RUNTIME,
            "file": f"{name}-{sha256[:12]}.tflite",
            "sha256": sha256,
            "created": now(),
            "training_images": model.training_images,
            "recipe": model.recipe,
            "holdout": Holdout(model.accuracy, model.holdout_images),
        },
        ModelEntry,
        from_attributes=True,
    )


def pretty(value: object) -> bytes:
    """Return JSON for people."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def write(path: Path, content: bytes) -> None:
    """Replace a file by rename: it is never half-written."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    os.replace(beside, path)  # noqa: PTH105  Path.replace says the same less plainly


def _remove_unnamed(folder: Path, named: set[str]) -> None:
    for pattern in ("*.tflite", "*.part"):
        for path in folder.glob(pattern):
            if path.name not in named:
                path.unlink()
