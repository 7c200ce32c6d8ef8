"""The committed weights are worth what their manifest says."""

import msgspec
import numpy as np
import pytest

from mnist_api.models.catalog import load_catalog
from mnist_api.models.manifest import read_manifest
from mnist_api.training.card import CARD, EVALUATION, PICTURES, Report, model_card, read_study
from mnist_api.training.sent_rows import ROWS
from tests.conftest import WEIGHTS


@pytest.mark.parametrize("name", ["cnn", "mlp", "svm"])
def test_the_accuracy_is_the_manifests(name: str, digits: dict[str, np.ndarray]) -> None:
    model = load_catalog(WEIGHTS).get(name)
    rows = [model.runtime.predict(part) for part in np.array_split(digits["holdout_images"], 19)]
    accuracy = (np.concatenate(rows).argmax(axis=1) == digits["holdout_labels"]).mean()
    stated = model.entry.holdout
    assert stated.images == 9500
    assert accuracy == pytest.approx(stated.accuracy, abs=2e-4)


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    return msgspec.json.decode((WEIGHTS / EVALUATION).read_bytes(), type=dict[str, Report])


def test_the_card_says_what_was_measured(reports: dict[str, Report]) -> None:
    card = model_card(read_manifest(WEIGHTS), reports, read_study(WEIGHTS))
    assert (WEIGHTS / CARD).read_text() == card


def test_the_card_gives_each_way_of_sending_as_the_evaluation_has_it(
    reports: dict[str, Report],
) -> None:
    names = list(reports)
    section = (WEIGHTS / CARD).read_text().partition("## As people send them")[2]
    lines = section.partition("\n## ")[0].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    assert cells[0] == ["sent", *names]
    assert [way for way, *_ in cells[2:]] == list(ROWS)
    for way, *shown in cells[2:]:
        assert shown == [f"{100 * reports[name].sent[way]:.1f}" for name in names]


def test_the_evaluation_is_of_the_models_that_are_served(reports: dict[str, Report]) -> None:
    models = read_manifest(WEIGHTS).models
    assert set(reports) == set(models)
    for name, entry in models.items():
        assert reports[name].holdout.accuracy == entry.holdout.accuracy
        assert reports[name].bytes == (WEIGHTS / entry.file).stat().st_size


def test_every_picture_of_the_card_is_there(reports: dict[str, Report]) -> None:
    expected = {f"{name}{kind}.png" for name in reports for kind in ("", "-errors")}
    assert {path.name for path in (WEIGHTS / PICTURES).iterdir()} == expected
    for name in expected:
        assert f"({PICTURES}/{name})" in (WEIGHTS / CARD).read_text()


def test_every_model_was_trained_on_500_images() -> None:
    entries = read_manifest(WEIGHTS).models
    assert {entry.training_images for entry in entries.values()} == {500}


def test_the_folder_holds_what_the_manifest_names_and_nothing_else() -> None:
    named = {entry.file for entry in read_manifest(WEIGHTS).models.values()}
    found = {path.name for path in WEIGHTS.iterdir() if path.suffix in {".tflite", ".npz"}}
    assert found == named | {"digits.npz"}
