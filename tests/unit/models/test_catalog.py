import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_api.errors import UnknownModel, WeightsError
from mnist_api.models.catalog import load_catalog
from tests.conftest import WEIGHTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the committed weights, to be damaged."""
    copy = tmp_path / "weights"
    shutil.copytree(WEIGHTS, copy, ignore=shutil.ignore_patterns("digits.npz"))
    return copy


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def file_of(folder: Path, model: str) -> Path:
    manifest = json.loads((folder / "manifest.json").read_text())
    return folder / manifest["models"][model]["file"]


def replace(folder: Path, model: str, content: bytes) -> None:
    """Put other bytes in a model's place and make the manifest agree."""
    file_of(folder, model).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    edit(folder, lambda manifest: manifest["models"][model].update(sha256=digest))


def test_the_committed_models_load_and_answer(folder: Path) -> None:
    catalog = load_catalog(folder)
    assert catalog.names == ("cnn", "mlp", "svm")
    for model in catalog:
        rows = model.runtime.predict(np.zeros((3, 28, 28), np.uint8))
        assert rows.shape == (3, 10)
        assert rows.sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_batch_is_answered_as_its_pictures_one_by_one(
    folder: Path, digits: dict[str, np.ndarray]
) -> None:
    pictures = digits["holdout_images"][:20]
    for model in load_catalog(folder):
        together = model.runtime.predict(pictures)
        alone = np.concatenate([model.runtime.predict(picture[None]) for picture in pictures])
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_an_unknown_model_is_refused_with_the_names_there_are(folder: Path) -> None:
    with pytest.raises(UnknownModel, match="'resnet'; choose one of cnn, mlp, svm"):
        load_catalog(folder).get("resnet")


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot read .*manifest\.json: No such file"):
        load_catalog(tmp_path)


def test_a_manifest_that_is_not_json_is_named(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")
    with pytest.raises(WeightsError, match=r"manifest\.json is not a manifest"):
        load_catalog(folder)


def test_a_manifest_of_an_unknown_format_is_refused(folder: Path) -> None:
    edit(folder, lambda manifest: manifest.update(format=99))
    with pytest.raises(WeightsError, match="99"):
        load_catalog(folder)


def test_an_unknown_runtime_is_refused(folder: Path) -> None:
    edit(folder, lambda manifest: manifest["models"]["cnn"].update(runtime="pickle"))
    with pytest.raises(WeightsError, match="pickle"):
        load_catalog(folder)


def test_a_file_outside_the_folder_is_refused(folder: Path) -> None:
    edit(folder, lambda manifest: manifest["models"]["cnn"].update(file="../cnn.tflite"))
    with pytest.raises(WeightsError, match="file"):
        load_catalog(folder)


@pytest.mark.parametrize("model", ["cnn", "mlp", "svm"])
def test_a_missing_file_is_named(folder: Path, model: str) -> None:
    file_of(folder, model).unlink()
    with pytest.raises(WeightsError, match=f"cannot read .*{model}.*: No such file"):
        load_catalog(folder)


@pytest.mark.parametrize("model", ["cnn", "mlp", "svm"])
def test_a_truncated_file_does_not_fit_its_checksum(folder: Path, model: str) -> None:
    file = file_of(folder, model)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="damaged or was altered"):
        load_catalog(folder)


@pytest.mark.parametrize("model", ["cnn", "mlp", "svm"])
def test_a_file_of_another_kind_is_refused_though_its_checksum_fits(
    folder: Path, model: str
) -> None:
    replace(folder, model, b"something else entirely")
    with pytest.raises(WeightsError, match=model):
        load_catalog(folder)


def test_a_network_of_other_outputs_is_refused(folder: Path) -> None:
    mlp = file_of(folder, "mlp").read_bytes()
    # The only [1, 10]-shaped thing in the file is its output; a flatbuffer keeps shapes as int32.
    shape = np.array([1, 10], np.int32).tobytes()
    replace(folder, "mlp", mlp.replace(shape, np.array([1, 11], np.int32).tobytes()))
    with pytest.raises(WeightsError, match="mlp"):
        load_catalog(folder)
