"""The hold-out through the running server, picture by picture, as users send them."""

import json
from collections import Counter
from http.client import HTTPConnection

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.stages import png_of
from tests.support.server import Server

TARGETS = {"cnn": 0.983, "mlp": 0.970, "svm": 0.975}


def on_white_canvas(digit: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the digit dark on white, ten times as large, somewhere in a canvas of 400x400."""
    large = np.asarray(Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC))
    canvas = np.full((400, 400), 255, np.uint8)
    top, left = rng.integers(0, 120, 2)
    canvas[top : top + 280, left : left + 280] = 255 - large
    return canvas


def accuracy(
    server: Server, query: str, images: list[bytes], labels: NDArray[np.uint8]
) -> dict[str, float]:
    """Return each answering model's share of right answers."""
    connection = HTTPConnection(server.host, server.port, timeout=30)
    right: Counter[str] = Counter()
    for image, label in zip(images, labels, strict=True):
        connection.request("POST", f"/predict/{query}", image, {"Content-Type": "image/png"})
        answer = json.loads(connection.getresponse().read())
        predictions = answer.get("predictions", {"": answer.get("prediction")})
        for model, digit in predictions.items():
            right[model] += digit == label
    connection.close()
    return {model: count / len(labels) for model, count in right.items()}


def test_every_held_out_digit_is_answered_as_well_as_promised(
    server: Server, digits: dict[str, NDArray[np.uint8]]
) -> None:
    images = [png_of(digit) for digit in digits["holdout_images"]]
    measured = accuracy(server, "", images, digits["holdout_labels"])
    assert set(measured) == set(TARGETS)
    for model, target in TARGETS.items():
        assert measured[model] >= target, measured


def test_polarity_does_not_matter(server: Server, digits: dict[str, NDArray[np.uint8]]) -> None:
    images = [png_of(255 - digit) for digit in digits["holdout_images"]]
    measured = accuracy(server, "?model=cnn", images, digits["holdout_labels"])
    assert measured[""] >= 0.978


@pytest.mark.parametrize("seed", [2018])
def test_a_large_digit_anywhere_on_a_canvas_is_answered_as_well(
    server: Server, digits: dict[str, NDArray[np.uint8]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    images = [png_of(on_white_canvas(digit, rng), 1) for digit in digits["holdout_images"]]
    measured = accuracy(server, "?model=cnn", images, digits["holdout_labels"])
    assert measured[""] >= 0.978
