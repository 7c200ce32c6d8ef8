import pytest

from mnist_api.training.dataset import Digits
from tests.conftest import WEIGHTS


@pytest.fixture(scope="module")
def data() -> Digits:
    return Digits.load(WEIGHTS / "digits.npz")
