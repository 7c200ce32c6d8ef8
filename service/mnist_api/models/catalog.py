"""The models that a process serves, loaded from a weights folder and checked before use."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import UnknownModel, WeightsError
from mnist_api.models.litert import LiteRTModel
from mnist_api.models.manifest import ModelEntry, read_manifest, read_weights

RUNTIME = "litert"


class Runtime(Protocol):
    """What computes: pictures in, probabilities out."""

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return float32 (n, 10) for uint8 (n, 28, 28); rows sum to 1, argmax is the label."""
        ...


@dataclass(frozen=True, slots=True)
class Model:
    """A model ready to answer."""

    name: str
    entry: ModelEntry
    runtime: Runtime
    identity: str = field(init=False)
    """`name=version`: these very weights. Kept, as every request needs it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", f"{self.name}={self.entry.version}")


@dataclass(frozen=True, slots=True)
class Selection:
    """The models that answer a request: chosen once, so that no swap comes between them."""

    models: tuple[Model, ...]
    versions: str
    """`name=version` of each, joined by commas."""

    @classmethod
    def of(cls, models: Iterable[Model]) -> "Selection":
        """Select some models."""
        chosen = tuple(models)
        return cls(chosen, ",".join(model.identity for model in chosen))


class Catalog:
    """The served models by name, in alphabetical order. Used by one thread, the event loop's."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self.names: tuple[str, ...] = tuple(sorted(models))
        self._selections = _selections(models[name] for name in self.names)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._selections[None].models)

    def select(self, name: str | None) -> Selection:
        """Return one model, or all of them for None.

        Raises:
            UnknownModel: no such model is served; the message names those that are.
        """
        selection = self._selections.get(name)
        if selection is None:
            raise UnknownModel.named(str(name), self.names)
        return selection

    def get(self, name: str) -> Model:
        """Return a model.

        Raises:
            UnknownModel: no such model is served; the message names those that are.
        """
        return self.select(name).models[0]

    def replace(self, model: Model) -> None:
        """Serve a model in the place of the one of its name: from the next request on, at once."""
        others = (served for served in self if served.name != model.name)
        self._selections = _selections(sorted((*others, model), key=lambda served: served.name))


def _selections(models: Iterable[Model]) -> Mapping[str | None, Selection]:
    everything = Selection.of(models)
    return {None: everything} | {model.name: Selection.of([model]) for model in everything.models}


def load_catalog(folder: Path) -> Catalog:
    """Load, verify and warm up every model of a weights folder.

    Raises:
        WeightsError: in one sentence, the first thing that keeps a model from being served.
    """
    manifest = read_manifest(folder)
    models = {}
    for name, entry in manifest.models.items():
        content = read_weights(folder, entry)
        try:
            models[name] = load_model(name, entry, content)
        except WeightsError as error:
            raise WeightsError(f"{folder / entry.file}: {error}") from error
    return Catalog(models)


def load_model(name: str, entry: ModelEntry, content: bytes) -> Model:
    """Return a model from its file's bytes, which were checked by their digest, warmed up.

    Raises:
        WeightsError: it is for another runtime than LiteRT, or LiteRT cannot read it.
    """
    if entry.runtime != RUNTIME:
        raise WeightsError(f"made for the runtime {entry.runtime!r}: served is {RUNTIME!r}")
    runtime = LiteRTModel(content)
    # The first inference allocates and plans: 1-2 ms that no client should wait for.
    runtime.predict(np.zeros((1, 28, 28), np.uint8))
    return Model(name, entry, runtime)
