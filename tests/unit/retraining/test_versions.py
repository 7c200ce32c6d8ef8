import msgspec
import numpy as np
import pytest

from mnist_api.errors import VersionNotFound, WeightsError
from mnist_api.retraining.stores import ObjectStore
from mnist_api.retraining.versions import Versions
from tests.support.versions import Candidate, builtin, candidate, svm_that_adds

BUILTIN = builtin()["svm"].version


@pytest.fixture(scope="module")
def adding_one() -> Candidate:
    return svm_that_adds(1)


@pytest.fixture
def versions(store: ObjectStore) -> Versions:
    return Versions(store, builtin())


def fake(number: int) -> Candidate:
    return candidate(b"%d" % number, f"2026-01-{number:02}T00:00:00Z")


def add(versions: Versions, made: Candidate) -> str:
    versions.add("svm", made.content, made.record)
    return made.version


def test_a_version_answers_as_what_was_added(
    versions: Versions, adding_one: Candidate, digits: dict[str, np.ndarray]
) -> None:
    model = versions.load("svm", add(versions, adding_one))
    answers = model.runtime.predict(digits["train_images"]).argmax(axis=1)
    assert ((answers - 1) % 10 == digits["train_labels"]).mean() > 0.98
    assert model.identity == f"svm={adding_one.version}"


def test_without_a_pointer_the_built_in_version_is_active(versions: Versions) -> None:
    assert versions.active("svm") is None
    assert versions.active_version("svm") == BUILTIN


def test_rolling_back_is_activating_what_was_before(
    versions: Versions, adding_one: Candidate
) -> None:
    version = add(versions, adding_one)
    pointer = versions.activate("svm", version, "ann")
    assert (pointer.version, pointer.previous, pointer.is_builtin) == (version, BUILTIN, False)
    assert versions.active_version("svm") == version
    back = versions.activate("svm", pointer.previous, "bob")
    assert (back.version, back.previous, back.is_builtin) == (BUILTIN, version, True)
    assert versions.active_version("cnn") == builtin()["cnn"].version


def test_a_replica_of_other_built_in_weights_serves_its_own(
    versions: Versions, store: ObjectStore
) -> None:
    versions.activate("svm", BUILTIN, "ann")
    other = msgspec.structs.replace(builtin()["svm"], sha256="0" * 64)
    assert Versions(store, {"svm": other}).active_version("svm") == "0" * 12


@pytest.mark.parametrize("name", ["", "0" * 12, "../../samples", "x" * 9999, "A" * 12, "é" * 12])
def test_what_is_no_version_cannot_be_activated(versions: Versions, name: str) -> None:
    with pytest.raises(VersionNotFound):
        versions.activate("svm", name, "ann")


def test_what_was_altered_in_the_store_is_not_served(
    versions: Versions, store: ObjectStore, adding_one: Candidate
) -> None:
    version = add(versions, adding_one)
    key = f"versions/svm/{version}/weights"
    store.put(key, adding_one.content[:-1])
    with pytest.raises(WeightsError, match=f"version {version} of svm is damaged or was altered"):
        versions.load("svm", version)
    store.put(f"versions/svm/{version}/record", b"{}")
    with pytest.raises(WeightsError, match=f"version {version} of svm Object missing"):
        versions.load("svm", version)
    store.delete(key)
    with pytest.raises(WeightsError, match="is not in the store"):
        versions.load("svm", version)


def test_a_pointer_that_cannot_be_read_is_told(versions: Versions, store: ObjectStore) -> None:
    store.put("active/svm", b"{")
    with pytest.raises(WeightsError, match="which version of svm is active cannot be read"):
        versions.active_version("svm")


def test_old_versions_go_but_never_the_active_one_or_the_one_before(versions: Versions) -> None:
    names = [add(versions, fake(number)) for number in range(1, 9)]
    versions.activate("svm", names[1], "ann")
    versions.activate("svm", names[3], "ann")
    assert versions.prune("svm", 2) == [names[0], names[2], names[4], names[5]]
    left = [record.entry.version for record in versions.records("svm")]
    assert left == [names[1], names[3], names[6], names[7]]
    assert versions.prune("svm", 2) == []


def test_a_version_is_never_changed(versions: Versions) -> None:
    made = fake(1)
    add(versions, made)
    versions.add("svm", made.content, msgspec.structs.replace(made.record, by="bob"))
    assert [record.by for record in versions.records("svm")] == ["ann"]
