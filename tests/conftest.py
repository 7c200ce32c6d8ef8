"""What all tests share: the real service, and real digits."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.server import Server, running_server

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service as `make run` starts it."""
    with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def digits() -> dict[str, np.ndarray]:
    """The committed digits: `train_images`, `train_labels`, `holdout_images`, `holdout_labels`."""
    with np.load(WEIGHTS / "digits.npz", allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
