import numpy as np
import pytest

from mnist_api.errors import SampleConflict, SampleNotFound, SamplesFull
from mnist_api.retraining.samples import Sample, Samples
from mnist_api.retraining.stores import ObjectStore

RNG = np.random.default_rng(8)


def picture() -> np.ndarray:
    return RNG.integers(0, 256, (28, 28), np.uint8)


def test_a_picture_is_stored_once(store: ObjectStore) -> None:
    samples, image = Samples(store, 10), picture()
    sample, is_new = samples.add(image, 3, "ann")
    assert is_new
    assert samples.add(image.copy(), 3, "bob") == (sample, False)
    assert samples.names() == [sample]


def test_another_label_is_refused_until_the_first_is_removed(store: ObjectStore) -> None:
    samples, image = Samples(store, 10), picture()
    sample, _ = samples.add(image, 3, "ann")
    with pytest.raises(SampleConflict, match=f"sample {sample.id} is labelled 3; delete it first"):
        samples.add(image, 5, "bob")
    samples.remove(sample.id, "ann")
    assert samples.add(image, 5, "bob") == (Sample(sample.id, 5), True)


def test_two_labels_at_the_same_moment_are_not_both_kept(store: ObjectStore) -> None:
    image = picture()
    twin = Samples(store, 10)

    class Racing:
        """Another process adds the picture just before we do."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def put_new(self, key: str, content: bytes) -> bool:
            twin.add(image, 7, "bob")
            return store.put_new(key, content)

    with pytest.raises(SampleConflict, match="is labelled 7"):
        Samples(Racing(), 10).add(image, 1, "ann")  # type: ignore[arg-type]
    assert [sample.label for sample in twin.names()] == [7]


def test_there_are_so_many_at_most(store: ObjectStore) -> None:
    samples = Samples(store, 2)
    first = picture()
    samples.add(first, 0, "ann")
    second, _ = samples.add(picture(), 1, "ann")
    with pytest.raises(SamplesFull):
        samples.add(picture(), 2, "ann")
    assert samples.add(first, 0, "ann")[1] is False
    samples.remove(second.id, "ann")
    assert samples.add(picture(), 2, "ann")[1]


def test_pictures_come_back_as_they_were(store: ObjectStore) -> None:
    samples = Samples(store, 50)
    sent = {samples.add(image, number % 10, "ann")[0]: image for number, image in enumerate(
        picture() for _ in range(40)
    )}  # fmt: skip
    found = samples.load()
    assert len(found.names) == 40
    for name, image, label in zip(found.names, found.images, found.labels, strict=True):
        assert np.array_equal(sent[name], image)
        assert label == name.label
    training, judging = found.part(held_out=False), found.part(held_out=True)
    assert len(training.labels) + len(judging.labels) == 40
    assert 2 < len(judging.labels) < 20
    assert training.images.shape == (len(training.labels), 28, 28)


def test_an_empty_store_has_arrays_of_nothing(store: ObjectStore) -> None:
    found = Samples(store, 1).load().part(held_out=True)
    assert found.images.shape == (0, 28, 28)
    assert found.labels.dtype == np.uint8


@pytest.mark.parametrize("id_", ["", "0" * 32, "../jobs", "-" * 32, "é" * 32, "0" * 31])
def test_what_is_not_there_cannot_be_removed(store: ObjectStore, id_: str) -> None:
    with pytest.raises(SampleNotFound):
        Samples(store, 1).remove(id_, "ann")
