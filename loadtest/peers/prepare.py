"""`python -m loadtest.peers.prepare`: the networks as arrays, for Keras."""

import numpy as np

from loadtest.peers.models import MODELS, arrays_of


def main() -> None:
    """Write one file a network."""
    MODELS.mkdir(exist_ok=True)
    for name in ("mlp", "cnn"):
        np.savez(MODELS / f"{name}.npz", *arrays_of(name))


if __name__ == "__main__":
    main()
