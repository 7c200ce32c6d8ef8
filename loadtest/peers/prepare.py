"""`python -m loadtest.peers.prepare`: the networks as arrays, for Keras and scikit-learn."""

from pathlib import Path

import numpy as np

from loadtest.peers.models import layers_of

MODELS = Path(__file__).resolve().parent / ".models"


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
