"""Flows between digits of one class, and what is varied by them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from mnist_api.training.augment import Augmentation, augmented
from mnist_api.training.morph import Flows, Morphing, find_flows, register

GRID = np.stack(np.meshgrid(np.arange(28.0), np.arange(28.0), indexing="ij"))
FEW = Morphing(partners=2)


@pytest.fixture(scope="module")
def few(digits: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Six digits of each of two classes."""
    chosen = np.flatnonzero(np.isin(digits["train_labels"], [2, 5]))[::8][:12]
    return digits["train_images"][chosen], digits["train_labels"][chosen]


@pytest.fixture(scope="module")
def flows(few: tuple[np.ndarray, np.ndarray]) -> Flows:
    return find_flows(*few, FEW)


def bar(column: int) -> np.ndarray:
    picture = np.zeros((1, 28, 28), np.float32)
    picture[0, 6:22, column : column + 3] = 1
    return picture


def test_a_flow_finds_where_a_stroke_has_gone() -> None:
    flow, residual = register(bar(12), bar(15), Morphing())
    assert flow.shape == (1, 28, 28, 2)
    assert residual[0] < 0.2
    assert flow[0, 10:18, 16, 1] == pytest.approx(np.full(8, -3), abs=0.7)
    assert np.abs(flow[0, 10:18, 16, 0]).max() < 0.7


def test_a_digit_needs_no_flow_to_itself() -> None:
    flow, _ = register(bar(12), bar(12), Morphing())
    assert np.abs(flow).max() < 0.01


def test_digits_are_bent_towards_their_own_class_only(
    few: tuple[np.ndarray, np.ndarray], flows: Flows
) -> None:
    _, labels = few
    assert len(flows.flows) > 6
    assert (labels[flows.sources] == labels[flows.partners]).all()
    assert (flows.sources != flows.partners).all()


def test_a_bent_digit_is_nearer_to_its_partner(
    few: tuple[np.ndarray, np.ndarray], flows: Flows
) -> None:
    pictures = few[0] / np.float32(255)
    pairs = zip(flows.flows, flows.sources, flows.partners, strict=True)
    for flow, source, partner in pairs:
        bent = map_coordinates(pictures[source], GRID + np.moveaxis(flow, -1, 0), order=1)
        before = np.abs(pictures[source] - pictures[partner]).sum()
        assert np.abs(bent - pictures[partner]).sum() < 0.7 * before


def test_a_folds_flows_know_nothing_of_what_is_outside(flows: Flows) -> None:
    inside = np.array([0, 2, 3, 5, 6, 8, 9, 11])
    fold = flows.inside(inside)
    assert 0 < len(fold.flows) < len(flows.flows)
    met = set(zip(flows.sources.tolist(), flows.partners.tolist(), strict=True))
    ends = zip(inside[fold.sources].tolist(), inside[fold.partners].tolist(), strict=True)
    assert set(ends) <= met
    for digit in range(len(inside)):
        assert len(fold.of(digit)) == (fold.sources == digit).sum()


def test_a_digit_without_partners_is_varied_all_the_same(
    few: tuple[np.ndarray, np.ndarray], flows: Flows
) -> None:
    images, labels = few
    indices = np.tile(np.arange(len(labels)), 4)
    always = replace(Augmentation(), morphing=replace(FEW, share=1.0))
    alone = flows.inside(np.array([0]))
    bent, plain = (augmented(images, labels, each, indices, always, 1) for each in (flows, alone))
    assert bent.shape == plain.shape == (48, 28, 28)
    assert not np.array_equal(bent, plain)
