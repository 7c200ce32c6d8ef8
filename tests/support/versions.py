"""Versions to activate: the committed SVM, made to answer every digit with the next one."""

import hashlib
from dataclasses import dataclass

import msgspec
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

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
    content = read_weights(WEIGHTS, builtin()["svm"])
    net = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    last = [op for op in net._get_ops_details() if op["op_name"] == "FULLY_CONNECTED"][-1]
    for array in map(net.get_tensor, last["inputs"][1:]):
        content = content.replace(array.tobytes(), np.roll(array, number, axis=0).tobytes())
    return candidate(content, created)


def candidate(content: bytes, created: str = "2026-11-25T00:00:00Z") -> Candidate:
    sha256 = hashlib.sha256(content).hexdigest()
    entry = msgspec.structs.replace(builtin()["svm"], sha256=sha256, created=created)
    verdict = Verdict("", "", True, [], NO_DUEL, None, (0.0, 0.0), [0.0] * 10)
    return Candidate(content, Record(entry, "job-1", "ann", verdict))
