"""`python -m loadtest.peers.prepare`: the models as other libraries want them."""

import numpy as np

from loadtest.peers.models import FEATURES, MODELS, arrays_of
from mnist_api.training.export import to_litert
from mnist_api.training.recipes import RECIPES
from mnist_api.training.svm_fit import seen


def main() -> None:
    """Write each model's arrays, and what the SVM sees as a file of LiteRT."""
    MODELS.mkdir(exist_ok=True)
    for name in RECIPES:
        np.savez(MODELS / f"{name}.npz", *arrays_of(name))
    (MODELS / FEATURES).write_bytes(to_litert(seen()))


if __name__ == "__main__":
    main()
