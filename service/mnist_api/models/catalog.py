"""The models that a process serves, loaded from a weights folder and checked before use."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import UnknownModel, WeightsError
from mnist_api.models.litert import LiteRTModel
from mnist_api.models.manifest import ModelEntry, read_manifest, read_weights
from mnist_api.models.svm import SvmModel


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


class Catalog:
    """The served models by name, in alphabetical order."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self._models = {name: models[name] for name in sorted(models)}
        self.names: tuple[str, ...] = tuple(self._models)

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def get(self, name: str) -> Model:
        """Return a model.

        Raises:
            UnknownModel: no such model is served; the message names those that are.
        """
        model = self._models.get(name)
        if model is None:
            raise UnknownModel.named(name, self.names)
        return model


_RUNTIMES: Mapping[str, Callable[[bytes], Runtime]] = {"litert": LiteRTModel, "svm": SvmModel}


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
            runtime = _RUNTIMES[entry.runtime](content)
        except WeightsError as error:
            raise WeightsError(f"{folder / entry.file}: {error}") from error
        # The first inference allocates and plans: 1-2 ms that no client should wait for.
        runtime.predict(np.zeros((1, 28, 28), np.uint8))
        models[name] = Model(name, entry, runtime)
    return Catalog(models)
