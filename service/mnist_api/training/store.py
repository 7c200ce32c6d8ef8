"""Results of long computations, kept so that an interrupted training resumes."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Store:
    """A folder of arrays, each named by what it is and by all that it depends on."""

    folder: Path

    def keep(self, name: str, depends: object, make: Callable[[], Arrays]) -> Arrays:
        """Return the arrays of that name, made before or now.

        Args:
            name: for people.
            depends: whose `repr` tells all results apart: recipes, and a digest of the data.
            make: computes them; is not called if they were made before.
        """
        digest = hashlib.sha256(repr(depends).encode()).hexdigest()[:16]
        path = self.folder / f"{name}-{digest}.npz"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            made = make()
            beside = path.with_name(f"{path.name}.{os.getpid()}.part")
            with beside.open("wb") as file:
                np.savez(file, **dict(made))  # type: ignore[arg-type]
            beside.rename(path)
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
