"""The committed weights are worth what their manifest says."""

import json

import numpy as np
import pytest

from mnist_api.models.catalog import load_catalog
from mnist_api.models.manifest import read_manifest
from mnist_api.training.card import CARD, model_card
from tests.conftest import WEIGHTS


@pytest.mark.parametrize("name", ["cnn", "mlp", "svm"])
def test_the_accuracy_is_the_manifests(name: str, digits: dict[str, np.ndarray]) -> None:
    model = load_catalog(WEIGHTS).get(name)
    rows = [model.runtime.predict(part) for part in np.array_split(digits["holdout_images"], 19)]
    accuracy = (np.concatenate(rows).argmax(axis=1) == digits["holdout_labels"]).mean()
    stated = model.entry.holdout
    assert stated.images == 9500
    assert accuracy == pytest.approx(stated.accuracy, abs=2e-4)


def test_the_card_says_what_the_evaluation_measured() -> None:
    evaluations = json.loads((WEIGHTS / "evaluation.json").read_text())
    assert (WEIGHTS / CARD).read_text() == model_card(read_manifest(WEIGHTS), evaluations)


def test_every_model_was_trained_on_500_images() -> None:
    entries = read_manifest(WEIGHTS).models
    assert {entry.training_images for entry in entries.values()} == {500}


def test_the_folder_holds_what_the_manifest_names_and_nothing_else() -> None:
    named = {entry.file for entry in read_manifest(WEIGHTS).models.values()}
    found = {path.name for path in WEIGHTS.iterdir() if path.suffix in {".tflite", ".npz"}}
    assert found == named | {"digits.npz"}
