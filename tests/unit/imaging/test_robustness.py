"""What people send, row by row, through decoder, normaliser and CNN."""

import numpy as np
import pytest

from mnist_api.imaging.normalise import normalise
from mnist_api.models.catalog import load_catalog
from mnist_api.training.other_hands import other_hands_as_they_come
from mnist_api.training.robustness import accuracy_by_row
from mnist_api.training.sent_rows import ROWS
from tests.conftest import WEIGHTS

DIGITS = 200
# The CNN reads 98.4 % of clean digits; 200 have a standard error of 0.9 points.
LEAST = 0.97
LEAST_OF = {"noise of sigma 50 at 28 px": 0.95}


@pytest.fixture(scope="module")
def accuracies(digits: dict[str, np.ndarray]) -> dict[str, float]:
    chosen = np.random.default_rng(5).permutation(9500)[:DIGITS]
    cnn = load_catalog(WEIGHTS).get("cnn").runtime
    return accuracy_by_row(
        cnn.predict, digits["holdout_images"][chosen], digits["holdout_labels"][chosen], seed=7
    )


@pytest.mark.parametrize("name", ROWS)
def test_digits_are_read_however_they_are_sent(name: str, accuracies: dict[str, float]) -> None:
    assert accuracies[name] >= LEAST_OF.get(name, LEAST)


def test_other_hands_are_read_as_the_8x8_pixels_that_they_come_in() -> None:
    pixels, labels = other_hands_as_they_come()
    cnn = load_catalog(WEIGHTS).get("cnn").runtime
    read = cnn.predict(np.stack([normalise(digit) for digit in pixels])).argmax(axis=1)
    assert (read == labels).mean() >= 0.935
