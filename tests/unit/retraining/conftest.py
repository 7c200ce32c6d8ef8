from pathlib import Path

import pytest

from mnist_api.retraining.stores import ObjectStore, open_store


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store(f"file://{tmp_path}/store")
