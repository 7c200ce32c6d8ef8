import numpy as np
import pytest

from mnist_api.models.hog import FEATURES, hog

SIDE, ORIENTATIONS, CELLS = 28, 8, 6


def deskewed(image: np.ndarray) -> np.ndarray:
    total = image.sum()
    rows, columns = np.mgrid[:SIDE, :SIDE]
    row, column = (image * rows).sum() / total, (image * columns).sum() / total
    covariance = (image * (rows - row) * (columns - column)).sum() / total
    variance = (image * (rows - row) ** 2).sum() / total
    slant = np.clip(covariance / (variance + 1e-6), -1, 1)
    beside = np.arange(-SIDE, 2 * SIDE)
    padded = np.pad(image, ((0, 0), (SIDE, SIDE)))
    where = np.arange(SIDE)
    return np.stack([np.interp(where + slant * (y - row), beside, padded[y]) for y in range(SIDE)])


def by_the_definition(image: np.ndarray) -> np.ndarray:
    """Features pixel by pixel and cell by cell, in double precision."""
    padded = np.pad(deskewed(image.astype(np.float64)), 1)
    cells = np.zeros((ORIENTATIONS, CELLS, CELLS))
    pitch = SIDE / CELLS
    centres = (np.arange(CELLS) + 0.5) * pitch - 0.5
    for y in range(SIDE):
        for x in range(SIDE):
            down = padded[y + 2, x + 1] - padded[y, x + 1]
            right = padded[y + 1, x + 2] - padded[y + 1, x]
            angles = np.arctan2(down, right) - np.arange(ORIENTATIONS) * 2 * np.pi / ORIENTATIONS
            least = np.cos(2 * np.pi / ORIENTATIONS)
            shares = np.maximum(0, np.cos(angles) - least) / (1 - least)
            by_row = np.maximum(0, 1 - abs(y - centres) / pitch)
            by_column = np.maximum(0, 1 - abs(x - centres) / pitch)
            spread = np.hypot(down, right) * np.outer(by_row, by_column)
            cells += shares[:, None, None] * spread
    roots = np.sqrt(cells.ravel())
    return roots / np.linalg.norm(roots)


def test_features_are_those_of_the_definition(digits: dict[str, np.ndarray]) -> None:
    images = digits["train_images"][::25]
    expected = np.stack([by_the_definition(image) for image in images])
    np.testing.assert_allclose(hog(images), expected, atol=2e-4)


def test_opposite_edges_have_different_features() -> None:
    bright = np.zeros((2, SIDE, SIDE), np.uint8)
    bright[0, :, 14:] = 255
    bright[1, :, :14] = 255
    right, left = hog(bright)
    assert right @ left < 0.8


def test_a_batch_has_the_features_of_its_pictures_one_by_one(digits: dict[str, np.ndarray]) -> None:
    images = digits["train_images"][::50]
    alone = np.concatenate([hog(image[None]) for image in images])
    assert np.array_equal(hog(images), alone)


@pytest.mark.parametrize("ink", [(0, 0), (0, 27), (27, 0), (27, 27), (13, 13)])
def test_a_single_pixel_anywhere_has_features(ink: tuple[int, int]) -> None:
    image = np.zeros((1, SIDE, SIDE), np.uint8)
    image[0][ink] = 255
    features = hog(image)
    assert features.shape == (1, FEATURES)
    assert features.dtype == np.float32
    assert np.linalg.norm(features) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_strongest_slant_stays_inside_the_picture(mirrored: bool) -> None:
    diagonal = np.eye(SIDE, dtype=np.uint8) * 255
    image = diagonal[:, ::-1] if mirrored else diagonal
    np.testing.assert_allclose(hog(image[None])[0], by_the_definition(image), atol=2e-2)
