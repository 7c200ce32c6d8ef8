"""Versions to activate: the committed SVM, made to answer every digit with the next one."""

import hashlib
import io
from dataclasses import dataclass

import msgspec
import numpy as np

from mnist_api.models.manifest import ModelEntry, read_manifest, read_weights
from mnist_api.retraining.verdict import Duel, Verdict
from mnist_api.retraining.versions import Record
from tests.conftest import WEIGHTS

NO_DUEL = Duel(1, 0.5, 0.5, 0, 0, 1.0)


@dataclass(frozen=True)
class Candidate:
    content: bytes
    record: Record

    @property
    def version(self) -> str:
        return self.record.entry.version


def builtin() -> dict[str, ModelEntry]:
    return dict(read_manifest(WEIGHTS).models)


def svm_that_adds(number: int, created: str = "2026-11-25T00:00:00Z") -> Candidate:
    """Return an SVM that answers a digit d with (d + number) % 10."""
    entry = builtin()["svm"]
    with np.load(io.BytesIO(read_weights(WEIGHTS, entry)), allow_pickle=False) as arrays:
        rolled = {name: np.roll(arrays[name], number, axis=0)
                  for name in ("coefficients", "intercepts")}  # fmt: skip
        file = io.BytesIO()
        np.savez_compressed(file, **{**arrays, **rolled})
    return candidate(file.getvalue(), created)


def candidate(content: bytes, created: str = "2026-11-25T00:00:00Z") -> Candidate:
    sha256 = hashlib.sha256(content).hexdigest()
    entry = msgspec.structs.replace(builtin()["svm"], sha256=sha256, created=created)
    verdict = Verdict("", "", True, [], NO_DUEL, None, (0.0, 0.0), [0.0] * 10)
    return Candidate(content, Record(entry, "job-1", "ann", verdict))
