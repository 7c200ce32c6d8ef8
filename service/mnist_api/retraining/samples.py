"""Labelled digits that people sent: each picture once, and so many at most."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from mnist_api.errors import SampleConflict, SampleNotFound, SamplesFull
from mnist_api.imaging.normalise import NORMALISER_VERSION
from mnist_api.models.manifest import now
from mnist_api.retraining.audit import Audit
from mnist_api.retraining.stores import ObjectStore, read_all

Pictures = NDArray[np.uint8]
Labels = NDArray[np.uint8]

_PREFIX = "samples/"
_SHAPE = (28, 28)
# Of every so many samples one never trains: it judges, now and in all later trainings.
_HELD_OUT_OF = 4


class StoredSample(msgspec.Struct, frozen=True):
    """What a sample's object holds, as JSON."""

    image: bytes
    """28x28 bytes, normalised, ink bright on 0."""
    normaliser: int
    created: str
    by: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample by its names: the picture's digest in 32 letters, and its label."""

    id: str
    label: int

    @property
    def is_held_out(self) -> bool:
        """Whether it judges and never trains; told by the digest, so that it stays so."""
        return int(self.id[:8], 16) % _HELD_OUT_OF == 0


@dataclass(frozen=True)
class SampleSet:
    """Samples with their pictures, uint8 (n, 28, 28), and labels, uint8 (n,)."""

    names: Sequence[Sample]
    images: Pictures
    labels: Labels

    def part(self, *, held_out: bool) -> "SampleSet":
        """Return those that judge, or those that train."""
        chosen = [number for number, name in enumerate(self.names) if name.is_held_out == held_out]
        return SampleSet(
            [self.names[number] for number in chosen], self.images[chosen], self.labels[chosen]
        )


class Samples:
    """The samples of a store. Calls block; several processes may make them at the same time."""

    def __init__(self, store: ObjectStore, most: int) -> None:
        """Keep at most so many; processes that add at the same moment may exceed it by one each."""
        self._store = store
        self._audit = Audit(store)
        self._most = most

    def add(self, picture: Pictures, label: int, by: str) -> tuple[Sample, bool]:
        """Store a normalised picture, uint8 (28, 28), under its label.

        Returns:
            The sample, and whether it is new.

        Raises:
            SampleConflict: the picture is there under another label.
            SamplesFull: there are as many as may be.
            StoreUnavailable: it could not be stored.
        """
        sample = Sample(hashlib.sha256(picture.tobytes()).hexdigest()[:32], label)
        if known := self._named(sample.id):
            if known == [sample]:
                return sample, False
            raise _conflict(known)
        if len(self._store.keys(_PREFIX)) >= self._most:
            raise SamplesFull(f"{self._most} samples are stored, and no more may be; delete some")
        stored = StoredSample(picture.tobytes(), NORMALISER_VERSION, now(), by)
        is_new = self._store.put_new(_key(sample), msgspec.json.encode(stored))
        # Looked at once more: the same picture may have come with another label meanwhile.
        if others := [other for other in self._named(sample.id) if other != sample]:
            self._store.delete(_key(sample))
            raise _conflict(others)
        return sample, is_new

    def names(self) -> list[Sample]:
        """Return all samples in the order of their ids."""
        return [_sample(key) for key in self._store.keys(_PREFIX)]

    def load(self) -> SampleSet:
        """Return all samples with their pictures."""
        found = read_all(self._store, self._store.keys(_PREFIX))
        names = [_sample(key) for key in found]
        pictures = [
            np.frombuffer(msgspec.json.decode(content, type=StoredSample).image, np.uint8)
            for content in found.values()
        ]
        return SampleSet(
            names,
            np.array(pictures, np.uint8).reshape(-1, *_SHAPE),
            np.array([name.label for name in names], np.uint8),
        )

    def remove(self, id_: str, by: str) -> None:
        """Remove a sample.

        Raises:
            SampleNotFound: there is none of that id.
        """
        known = self._named(id_) if len(id_) == 32 and id_.isalnum() else []
        if not known:
            raise SampleNotFound(f"there is no sample {id_[:64]!r}")
        for sample in known:
            self._store.delete(_key(sample))
            self._audit.note(by, "remove sample", sample.id, f"it was labelled {sample.label}")

    def _named(self, id_: str) -> list[Sample]:
        return [_sample(key) for key in self._store.keys(f"{_PREFIX}{id_}-")]


def _conflict(known: Sequence[Sample]) -> SampleConflict:
    labels = " and ".join(str(sample.label) for sample in known)
    return SampleConflict(f"sample {known[0].id} is labelled {labels}; delete it first")


def _key(sample: Sample) -> str:
    return f"{_PREFIX}{sample.id}-{sample.label}"


def _sample(key: str) -> Sample:
    id_, _, label = key.removeprefix(_PREFIX).rpartition("-")
    return Sample(id_, int(label))
