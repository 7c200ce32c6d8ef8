"""The parts of training that need no network, and the exactness of what is exported."""

from pathlib import Path

import numpy as np
import pytest

from mnist_api.models.manifest import read_manifest, read_weights
from mnist_api.training.augment import Augmentation, augmented
from mnist_api.training.calibrate import fit_temperature, folds
from mnist_api.training.dataset import Digits
from mnist_api.training.evaluate import evaluate
from mnist_api.training.other_hands import other_hands
from mnist_api.training.publish import Made, publish
from mnist_api.training.store import Store
from mnist_api.training.styles import Styles
from tests.support.flows import NO_FLOWS


def test_the_500_are_50_of_each_class_and_none_of_them_judges(data: Digits) -> None:
    assert np.bincount(data.train_labels).tolist() == [50] * 10
    assert len(data.holdout_labels) == 9500
    trained = {image.tobytes() for image in data.train_images}
    assert not trained & {image.tobytes() for image in data.holdout_images}


def test_another_draw_is_another_500_of_the_same_digits(data: Digits) -> None:
    other = data.redrawn(7)
    assert np.bincount(other.train_labels).tolist() == [50] * 10
    assert not np.array_equal(other.train_images, data.train_images)
    again = data.redrawn(7)
    assert np.array_equal(again.train_images, other.train_images)


def test_digits_are_saved_as_they_were(data: Digits, tmp_path: Path) -> None:
    data.save(tmp_path / "copy.npz")
    assert (tmp_path / "copy.npz").read_bytes()
    copy = Digits.load(tmp_path / "copy.npz")
    assert np.array_equal(copy.holdout_images, data.holdout_images)


def test_variations_depend_on_the_seed_alone(data: Digits) -> None:
    indices = np.arange(40)
    made = [
        augmented(data.train_images, data.train_labels, NO_FLOWS, indices, Augmentation(), seed)
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(made[0], made[1])
    assert not np.array_equal(made[0], made[2])
    assert made[0].shape == (40, 28, 28)
    assert made[0].dtype == np.float32
    assert 0 <= made[0].min() <= made[0].max() <= 1


def test_strokes_of_other_hands_are_added_to_ones_and_sevens_only(data: Digits) -> None:
    always = Styles(crossed_seven=1, footed_one=1, flagged_one=1, flagged_footed_one=1)
    rng = np.random.default_rng(0)
    for label in range(10):
        image = data.train_images[data.train_labels == label][0] / np.float32(255)
        more = float((always.apply(image, label, rng) - image).sum())
        assert (more > 3) == (label in {1, 7})


def test_a_temperature_makes_scores_mean_what_they_say() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (5000, 10)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(10, p=row / row.sum()) for row in shares.astype(float)])
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.05)


def test_no_fold_is_judged_by_what_it_learns_from(data: Digits) -> None:
    judged = []
    for inside, outside in folds(data.train_labels, 10, 0):
        assert not set(inside) & set(outside)
        assert np.bincount(data.train_labels[inside]).tolist() == [45] * 10
        judged.extend(outside)
    assert sorted(judged) == list(range(500))


def test_an_evaluation_counts_right() -> None:
    probabilities = np.full((4, 10), 0.05, np.float32)
    probabilities[[0, 1, 2, 3], [1, 1, 2, 3]] = 0.55
    figures = evaluate(probabilities, np.array([1, 1, 2, 7], np.uint8))
    assert figures.accuracy == 0.75
    assert figures.recall[1] == 1
    assert figures.recall[7] == 0
    assert figures.precision[3] == 0
    assert figures.confusion[7][3] == 1
    assert figures.expected_calibration_error == pytest.approx(0.2)
    assert figures.reliability == [(4, 0.55, 0.75)]


def test_digits_of_other_hands_lie_as_mnists_do() -> None:
    images, labels = other_hands()
    assert images.shape == (1797, 28, 28)
    assert np.bincount(labels).min() > 170
    rows, columns = images.any(axis=2).sum(axis=1), images.any(axis=1).sum(axis=1)
    assert (np.maximum(rows, columns) <= 20).all()
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        middle = (images.sum(axis=axis, dtype=float) @ np.arange(28)) / mass
        assert np.abs(middle - 14).max() <= 0.51


def made(content: bytes) -> Made:
    return Made(content, "r-1", 500, 0.98, 9500)


def test_publishing_replaces_a_model_and_leaves_the_others(tmp_path: Path) -> None:
    publish(tmp_path, {"svm": made(b"one"), "cnn": made(b"two")})
    before = read_manifest(tmp_path).models["cnn"]
    publish(tmp_path, {"svm": made(b"three")})
    manifest = read_manifest(tmp_path)
    assert manifest.models["cnn"] == before
    assert read_weights(tmp_path, manifest.models["svm"]) == b"three"
    named = {entry.file for entry in manifest.models.values()}
    assert {path.name for path in tmp_path.iterdir()} == named | {"manifest.json"}


def test_publishing_that_breaks_off_leaves_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, {"svm": made(b"one")})
    before = (tmp_path / "manifest.json").read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("mnist_api.training.publish.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        publish(tmp_path, {"svm": made(b"two")})
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert read_weights(tmp_path, read_manifest(tmp_path).models["svm"]) == b"one"


def test_what_was_made_before_is_not_made_again(tmp_path: Path) -> None:
    store, made = Store(tmp_path / "store"), []

    def make() -> dict[str, np.ndarray]:
        made.append(1)
        return {"numbers": np.arange(3)}

    for depends in ("a", "a", "b"):
        assert store.keep("numbers", depends, make)["numbers"].tolist() == [0, 1, 2]
    assert len(made) == 2


def test_what_breaks_off_leaves_nothing_that_looks_made(tmp_path: Path) -> None:
    def fail() -> dict[str, np.ndarray]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store(tmp_path).keep("numbers", "a", fail)
    assert not list(tmp_path.iterdir())
