import io

import numpy as np
import pytest

from mnist_api.errors import WeightsError
from mnist_api.models.hog import FEATURES
from mnist_api.models.svm import SvmModel

Arrays = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    """A machine of 30 made-up support vectors in 12 dimensions."""
    rng = np.random.default_rng(0)
    return {
        "centre": np.abs(rng.normal(scale=0.05, size=FEATURES)),
        "projection": np.linalg.qr(rng.normal(size=(FEATURES, 12)))[0],
        "support_vectors": rng.normal(scale=0.2, size=(30, 12)),
        "coefficients": rng.normal(size=(10, 30)),
        "intercepts": rng.normal(size=10),
        "gamma": np.float64(1.5),
        "temperature": np.float64(0.3),
    }


def npz(arrays: Arrays) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def by_the_definition(arrays: Arrays, features: np.ndarray) -> np.ndarray:
    """Scores class by class, in double precision."""
    at = (features - arrays["centre"]) @ arrays["projection"]
    kernel = np.exp(-arrays["gamma"] * np.square(arrays["support_vectors"] - at).sum(axis=1))
    return np.array(
        [
            row @ kernel + intercept
            for row, intercept in zip(arrays["coefficients"], arrays["intercepts"], strict=True)
        ]
    )


def test_scores_are_those_of_the_definition(arrays: Arrays) -> None:
    features = np.abs(np.random.default_rng(1).normal(size=(40, FEATURES))).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    expected = np.stack([by_the_definition(arrays, row) for row in features])
    np.testing.assert_allclose(SvmModel(npz(arrays)).decision(features), expected, atol=1e-5)


def test_probabilities_sum_to_one_and_the_likeliest_has_the_best_score(
    arrays: Arrays, digits: dict[str, np.ndarray]
) -> None:
    model, images = SvmModel(npz(arrays)), digits["train_images"][::10]
    probabilities = model.predict(images)
    assert probabilities.shape == (50, 10)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(50), abs=1e-5)
    assert np.array_equal(probabilities.argmax(axis=1), model.scores(images).argmax(axis=1))


@pytest.mark.parametrize(
    "change",
    [
        {"centre": np.zeros(FEATURES - 1)},
        {"projection": np.zeros((FEATURES, 11))},
        {"projection": np.zeros((FEATURES - 1, 12))},
        {"support_vectors": np.zeros((29, 12))},
        {"support_vectors": np.float64(1)},
        {"support_vectors": np.full((30, 12), np.nan)},
        {"coefficients": np.zeros((9, 30))},
        {"intercepts": np.zeros(1)},
        {"intercepts": np.zeros((10, 1))},
        {"gamma": np.zeros(3)},
        {"gamma": np.float64(np.inf)},
        {"gamma": np.array("wide")},
        {"temperature": np.float64(0)},
        {"temperature": np.float64(-1)},
    ],
    ids=lambda change: "-".join(f"{name}{array.shape}" for name, array in change.items()),
)
def test_an_array_that_no_machine_has_is_refused(arrays: Arrays, change: Arrays) -> None:
    with pytest.raises(WeightsError, match="SVM"):
        SvmModel(npz({**arrays, **change}))


@pytest.mark.parametrize(
    "name",
    [
        "centre",
        "projection",
        "support_vectors",
        "coefficients",
        "intercepts",
        "gamma",
        "temperature",
    ],
)
def test_a_missing_array_is_named(arrays: Arrays, name: str) -> None:
    rest = {key: array for key, array in arrays.items() if key != name}
    with pytest.raises(WeightsError, match=name):
        SvmModel(npz(rest))


def test_pickled_objects_are_refused(arrays: Arrays) -> None:
    with pytest.raises(WeightsError, match="Object arrays cannot be loaded"):
        SvmModel(npz({**arrays, "gamma": np.array([{}], dtype=object)}))


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY", b"something else entirely"])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsError, match="not an SVM's arrays"):
        SvmModel(content)


def test_damage_anywhere_is_told_as_a_weights_error(arrays: Arrays) -> None:
    whole, rng, refused = npz(arrays), np.random.default_rng(2), 0
    for _ in range(200):
        damaged = bytearray(whole)
        for position in rng.integers(0, len(whole), 8):
            damaged[position] ^= int(rng.integers(1, 256))
        try:
            SvmModel(bytes(damaged))
        except WeightsError:
            refused += 1
    # The rest were hit in what nobody reads: dates, attributes.
    assert refused > 150
