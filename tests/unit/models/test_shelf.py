"""Versions that a request names: those in memory at once, others loaded, and not too often."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import pytest

from mnist_api.errors import Overloaded, UnknownModel, VersionNotFound
from mnist_api.models.catalog import Catalog, Model, load_catalog
from mnist_api.models.shelf import Shelf
from tests.conftest import WEIGHTS


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(WEIGHTS)


def like(catalog: Catalog, version: str) -> Model:
    """Return the SVM under another version."""
    svm = catalog.get("svm")
    return Model("svm", msgspec.structs.replace(svm.entry, sha256=version * 64), svm.runtime)


@dataclass
class Store:
    """What versions come from, and how often it was asked."""

    models: Iterable[Model]
    asked: list[str] = field(default_factory=list)

    def load(self, name: str, version: str) -> Model:
        self.asked.append(version)
        for model in self.models:
            if (model.name, model.entry.version) == (name, version):
                return model
        raise VersionNotFound(f"there is no version {version} of {name}")


def test_what_is_served_and_what_the_code_brings_need_no_store(catalog: Catalog) -> None:
    catalog = load_catalog(WEIGHTS)
    shelf, builtin = Shelf(catalog), catalog.get("svm")
    other = like(catalog, "a")
    catalog.replace(other)
    for model in (builtin, other):
        assert asyncio.run(shelf.get("svm", model.entry.version)) is model
    selection = asyncio.run(shelf.select("svm", builtin.entry.version))
    assert selection.versions == builtin.identity
    with pytest.raises(VersionNotFound, match=f"served as version {other.entry.version} only"):
        asyncio.run(shelf.get("svm", "b" * 12))


def test_a_version_is_one_models(catalog: Catalog) -> None:
    shelf = Shelf(catalog)
    with pytest.raises(VersionNotFound, match="name the model too"):
        asyncio.run(shelf.select(None, "a" * 12))
    with pytest.raises(UnknownModel):
        asyncio.run(shelf.select("resnet", "a" * 12))
    with pytest.raises(VersionNotFound):
        asyncio.run(shelf.select("cnn", catalog.get("svm").entry.version))


def test_others_are_loaded_once_and_a_few_are_kept(catalog: Catalog) -> None:
    store = Store([like(catalog, letter) for letter in "abcde"])
    shelf = Shelf(catalog)
    shelf.load_by(store.load)

    async def ask() -> None:
        together = await asyncio.gather(*(shelf.get("svm", "a" * 12) for _ in range(5)))
        assert {model.entry.version for model in together} == {"a" * 12}
        for letter in "bcdae":
            await shelf.get("svm", letter * 12)
        assert store.asked == [letter * 12 for letter in "abcde"]
        # `b` was asked for longest ago, so it went for `e`.
        await shelf.get("svm", "b" * 12)
        assert store.asked[-1] == "b" * 12

    asyncio.run(ask())


def test_versions_that_there_are_not_cost_the_store_little(catalog: Catalog) -> None:
    now = 0.0
    store = Store([])
    shelf = Shelf(catalog, clock=lambda: now)
    shelf.load_by(store.load)

    async def ask(number: int) -> type[Exception]:
        try:
            await shelf.get("svm", f"{number:012}")
        except (VersionNotFound, Overloaded) as error:
            return type(error)
        raise AssertionError

    async def flood() -> list[type[Exception]]:
        return [await ask(number) for number in range(100)]

    assert asyncio.run(flood()) == [VersionNotFound] * 8 + [Overloaded] * 92
    now = 1.0
    assert asyncio.run(flood()) == [VersionNotFound] * 2 + [Overloaded] * 98
    assert len(store.asked) == 10


def test_who_goes_away_does_not_take_a_version_from_those_who_wait(catalog: Catalog) -> None:
    shelf = Shelf(catalog)
    shelf.load_by(Store([like(catalog, "a")]).load)

    async def ask() -> None:
        first = asyncio.create_task(shelf.get("svm", "a" * 12))
        second = asyncio.create_task(shelf.get("svm", "a" * 12))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).entry.version == "a" * 12

    asyncio.run(ask())
