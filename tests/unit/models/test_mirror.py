"""A candidate sees a share of what is answered; what it says is counted and changes nothing."""

import asyncio
from collections import Counter
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.models.catalog import Catalog, Model, load_catalog
from mnist_api.models.mirror import Mirror
from tests.conftest import WEIGHTS


class Says(NamedTuple):
    """A candidate that says the same of every picture, or cannot."""

    digit: int | None

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        assert self.digit is not None, "it is broken"
        return np.eye(10, dtype=np.float32)[np.full(len(images), self.digit)]


class Rig:
    """A catalogue with a mirror beside it, and what that has counted."""

    def __init__(self) -> None:
        self.catalog: Catalog = load_catalog(WEIGHTS)
        self.served = self.catalog.get("svm")
        self.counted: Counter[str] = Counter()
        self.mirror = Mirror(self.catalog)
        self.mirror.count_by(self.count)

    def count(self, model: str, result: str, count: int) -> None:
        self.counted[f"{model} {result}"] += count

    def candidate(self, digit: int | None) -> Model:
        entry = msgspec.structs.replace(self.served.entry, sha256="a" * 64)
        return Model("svm", entry, Says(digit))

    def show(self, model: Model, labels: list[int]) -> None:
        self.mirror.show(model, np.zeros((len(labels), 28, 28), np.uint8), np.array(labels))


def in_loop(rig: Rig, model: Model, *batches: list[int]) -> dict[str, int]:
    """Show batches one after the other, let the loop turn, and return what was counted."""

    async def show() -> None:
        for labels in batches:
            rig.show(model, labels)
            assert not rig.counted["svm agree"], "it was compared at once"
        await asyncio.sleep(0)

    asyncio.run(show())
    return dict(rig.counted)


def test_agreement_and_disagreement_are_counted_behind_the_answer() -> None:
    rig = Rig()
    assert not rig.mirror.is_on
    assert in_loop(rig, rig.served, [3]) == {}
    rig.mirror.set(rig.candidate(3), 1.0)
    assert rig.mirror.is_on
    assert in_loop(rig, rig.served, [3, 4, 3], [5]) == {
        "svm agree": 2,
        "svm disagree": 2,
    }
    rig.mirror.clear("svm")
    rig.counted.clear()
    assert not rig.mirror.is_on
    assert in_loop(rig, rig.served, [3]) == {}


def test_other_models_other_versions_and_the_candidate_itself_are_not_compared() -> None:
    rig = Rig()
    candidate = rig.candidate(3)
    rig.mirror.set(candidate, 1.0)
    older = msgspec.structs.replace(rig.served.entry, sha256="b" * 64)
    for model in (rig.catalog.get("cnn"), Model("svm", older, Says(1)), candidate):
        assert in_loop(rig, model, [3]) == {}
    rig.catalog.replace(candidate)
    assert in_loop(rig, candidate, [3]) == {}


def test_a_share_of_the_pictures_is_shown() -> None:
    rig = Rig()
    rig.mirror.set(rig.candidate(3), 0.1)
    assert 700 < in_loop(rig, rig.served, [3] * 10_000)["svm agree"] < 1300


def test_a_candidate_that_fails_is_counted_and_nobody_else_notices() -> None:
    rig = Rig()
    rig.mirror.set(rig.candidate(None), 1.0)
    assert in_loop(rig, rig.served, [3, 4]) == {"svm failed": 2}


def test_a_loop_that_lags_behind_is_spared() -> None:
    rig = Rig()
    rig.mirror.set(rig.candidate(3), 1.0)
    counted = in_loop(rig, rig.served, *([3] for _ in range(100)))
    assert counted == {"svm agree": 64, "svm skipped": 36, "svm disagree": 0}
