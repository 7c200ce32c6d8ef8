"""The SVM as a network, beside scikit-learn's machine and features by their definition."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from mnist_api.models.litert import LiteRTModel
from mnist_api.training.dataset import Digits
from mnist_api.training.evaluate import in_parts
from mnist_api.training.export import export, with_probabilities
from mnist_api.training.recipes import SVM
from mnist_api.training.svm_fit import Machine, features_of, fit_svm, to_net
from tests.support.flows import NO_FLOWS

SIDE = 28


@pytest.fixture(scope="module")
def machine(data: Digits) -> Machine:
    recipe = replace(SVM, copies=2)
    return fit_svm(recipe, data.train_images[::5], data.train_labels[::5], NO_FLOWS)


def upright(image: NDArray[np.float64]) -> NDArray[np.float64]:
    y, x = np.mgrid[:SIDE, :SIDE] - 13.5
    slant = np.clip((image * y * x).sum() / ((image * y * y).sum() + 1e-5), -1, 1)
    beside = np.arange(-SIDE, 2 * SIDE)
    padded = np.pad(image, ((0, 0), (SIDE, SIDE)))
    columns = np.arange(SIDE)
    moved = [columns + slant * (row - 13.5) for row in range(SIDE)]
    return np.stack([np.interp(moved[row], beside, padded[row]) for row in range(SIDE)])


def by_the_definition(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Features pixel by pixel and cell by cell, in double precision."""
    padded = np.pad(upright(image / 255), 1)
    centres = 1.5 + 5 * np.arange(6)
    cells = np.zeros((6, 6, 8))
    for y in range(SIDE):
        for x in range(SIDE):
            down = (padded[y + 2, x + 1] - padded[y, x + 1]) / 2
            right = (padded[y + 1, x + 2] - padded[y + 1, x]) / 2
            cosines = np.cos(np.arctan2(down, right) - np.arange(8) * np.pi / 4)
            least = np.sqrt(down**2 + right**2 + 1e-5) * np.cos(np.pi / 4)
            shares = np.maximum(0, np.hypot(down, right) * cosines - least)
            by_row, by_column = (np.maximum(0, 1 - abs(at - centres) / 5) for at in (y, x))
            cells += np.multiply.outer(np.outer(by_row, by_column), shares)
    roots = np.sqrt(cells.ravel() + 1e-5)
    return roots / np.linalg.norm(roots)


def test_features_are_those_of_the_definition(data: Digits) -> None:
    images = data.train_images[::25]
    expected = np.stack([by_the_definition(image) for image in images])
    np.testing.assert_allclose(features_of(images), expected, atol=5e-5)


def test_features_do_not_see_a_slant(data: Digits) -> None:
    one = data.train_images[data.train_labels == 1][0]
    slanted = np.stack([np.roll(row, (14 - y) // 4) for y, row in enumerate(one)])
    straight, leaning, other = features_of(np.stack([one, slanted, data.train_images[0]]))
    assert straight @ leaning > 0.9 > straight @ other


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_strongest_slant_stays_inside_the_picture(mirrored: bool) -> None:
    lying = np.zeros((SIDE, SIDE), np.uint8)
    for row in range(7, 21):
        lying[row, 2 * (row - 7) : 2 * (row - 7) + 2] = 255
    image = lying[:, ::-1] if mirrored else lying
    np.testing.assert_allclose(features_of(image[None])[0], by_the_definition(image), atol=5e-5)


def test_it_is_served_as_scikit_learn_says(data: Digits, machine: Machine) -> None:
    net = with_probabilities(to_net(machine.arrays()), 0.4)
    served = in_parts(LiteRTModel(export(net, data.train_images)).predict, data.holdout_images)
    scores = machine.scores(features_of(data.holdout_images))
    assert np.array_equal(served.argmax(axis=1), scores.argmax(axis=1))
    np.testing.assert_allclose(served, softmax(scores / 0.4, axis=1), atol=1e-5)


def test_pictures_of_next_to_nothing_have_an_answer(machine: Machine) -> None:
    images = np.zeros((6, SIDE, SIDE), np.uint8)
    for image, ink in zip(images, [(0, 0), (0, 27), (27, 0), (27, 27), (13, 13)], strict=False):
        image[ink] = 255
    model = LiteRTModel(export(with_probabilities(to_net(machine.arrays()), 0.4), images))
    assert model.predict(images).sum(axis=1) == pytest.approx(np.ones(6), abs=1e-5)


def test_the_same_seed_gives_the_same_file_byte_for_byte(data: Digits) -> None:
    images, labels = data.train_images[::10], data.train_labels[::10]

    def made() -> bytes:
        keras.backend.clear_session()
        arrays = fit_svm(replace(SVM, copies=1), images, labels, NO_FLOWS).arrays()
        return export(with_probabilities(to_net(arrays), 0.4), images)

    assert made() == made()
