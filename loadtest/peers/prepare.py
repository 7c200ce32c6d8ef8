"""`python -m loadtest.peers.prepare`: the networks as arrays, for Keras and scikit-learn."""

import numpy as np

from loadtest.peers.models import MODELS, layers_of


def main() -> None:
    """Write one file a network."""
    MODELS.mkdir(exist_ok=True)
    for name in ("mlp", "cnn"):
        arrays = {}
        for number, (weights, bias) in enumerate(layers_of(name)):
            arrays[f"weights{number}"], arrays[f"bias{number}"] = weights, bias
        np.savez(MODELS / f"{name}.npz", **arrays)


if __name__ == "__main__":
    main()
