from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_api.retraining.stores import ObjectStore, open_store
from tests.support.bucket import BucketServer, running_bucket


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store(f"file://{tmp_path}/store")


@pytest.fixture(scope="session")
def bucket() -> Iterator[BucketServer]:
    with running_bucket("digits") as server:
        yield server
