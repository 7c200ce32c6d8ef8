"""The parts of training that need no network, and the exactness of what is exported."""

import json
from pathlib import Path

import numpy as np
import pytest

from mnist_api.models.hog import FEATURES, hog
from mnist_api.models.manifest import read_manifest, read_weights
from mnist_api.models.svm import SvmModel
from mnist_api.training.augment import Augmentation, augmented
from mnist_api.training.calibrate import fit_temperature, out_of_fold_scores
from mnist_api.training.card import CARD
from mnist_api.training.dataset import Digits
from mnist_api.training.evaluate import evaluate
from mnist_api.training.publish import Made, publish
from mnist_api.training.recipes import SVM
from mnist_api.training.styles import Styles
from mnist_api.training.svm_fit import fit_svm, to_npz
from tests.conftest import WEIGHTS


@pytest.fixture(scope="module")
def data() -> Digits:
    return Digits.load(WEIGHTS / "digits.npz")


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
        augmented(data.train_images, data.train_labels, indices, Augmentation(), seed)
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


def test_features_are_of_length_one_and_blank_pictures_have_none(data: Digits) -> None:
    features = hog(np.concatenate([data.train_images[:20], np.zeros((1, 28, 28), np.uint8)]))
    assert features.shape == (21, FEATURES)
    assert np.linalg.norm(features[:20], axis=1) == pytest.approx(np.ones(20), abs=1e-4)
    assert not features[20].any()


def test_features_do_not_see_a_slant(data: Digits) -> None:
    upright = data.train_images[data.train_labels == 1][0]
    slanted = np.stack([np.roll(row, (14 - y) // 4) for y, row in enumerate(upright)])
    straight, leaning, other = hog(np.stack([upright, slanted, data.train_images[0]]))
    assert straight @ leaning > 0.9 > straight @ other


def test_the_served_svm_answers_as_scikit_learn_does(data: Digits) -> None:
    machine = fit_svm(SVM, data.train_images[::5], data.train_labels[::5])
    served = SvmModel(to_npz(machine, temperature=0.4))
    pictures = data.holdout_images[::9]
    features = hog(pictures)
    probabilities = served.predict(pictures)
    assert np.array_equal(probabilities.argmax(axis=1), machine.predict(features))
    assert served.decision(features) == pytest.approx(machine.decision_function(features), abs=1e-3)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(pictures)), abs=1e-5)


def test_a_temperature_makes_scores_mean_what_they_say() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (5000, 10)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(10, p=row / row.sum()) for row in shares.astype(float)])
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.05)


def test_no_fold_is_judged_by_what_saw_it(data: Digits) -> None:
    seen: list[set[bytes]] = []

    def fit(images: np.ndarray, _: np.ndarray) -> object:
        inside = {image.tobytes() for image in images}

        def score(outside: np.ndarray) -> np.ndarray:
            assert not inside & {image.tobytes() for image in outside}
            seen.append(inside)
            return np.ones((len(outside), 10), np.float32)

        return score

    scores = out_of_fold_scores(fit, data.train_images, data.train_labels, 5, 0)  # type: ignore[arg-type]
    assert (scores == 1).all()
    assert len(seen) == 5


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


def made(content: bytes) -> Made:
    perfect = np.eye(10, dtype=np.float32)
    return Made("svm", content, "r-1", 500, evaluate(perfect, np.arange(10, dtype=np.uint8)))


def test_publishing_replaces_a_model_and_leaves_the_others(tmp_path: Path) -> None:
    publish(tmp_path, {"svm": made(b"one"), "cnn": made(b"two")})
    before = read_manifest(tmp_path).models["cnn"]
    publish(tmp_path, {"svm": made(b"three")})
    manifest = read_manifest(tmp_path)
    assert manifest.models["cnn"] == before
    assert read_weights(tmp_path, manifest.models["svm"]) == b"three"
    assert set(json.loads((tmp_path / "evaluation.json").read_text())) == {"svm", "cnn"}
    named = {entry.file for entry in manifest.models.values()}
    assert {path.name for path in tmp_path.iterdir()} == named | {
        "manifest.json",
        "evaluation.json",
        CARD,
    }


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
