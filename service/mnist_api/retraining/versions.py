"""Versions of models: immutable, named by their content, one of them active."""

from collections.abc import Mapping, Sequence

import msgspec

from mnist_api.errors import VersionNotFound, WeightsError
from mnist_api.models.catalog import Model, load_model
from mnist_api.models.manifest import ModelEntry, check_digest, now
from mnist_api.retraining.audit import Audit
from mnist_api.retraining.stores import ObjectStore, read_all
from mnist_api.retraining.verdict import Verdict

_VERSIONS, _ACTIVE = "versions", "active"
_RECORD, _WEIGHTS = "record", "weights"


class Record(msgspec.Struct, frozen=True):
    """A version's papers: written after its weights, so that what has papers is whole."""

    entry: ModelEntry
    job: str
    by: str
    verdict: Verdict


class Pointer(msgspec.Struct, frozen=True):
    """Which version of a model is to be served; where there is no pointer, the built-in one."""

    version: str
    previous: str
    is_builtin: bool
    """Whether that is the version which the code brings, whichever it is in a replica."""
    at: str
    by: str


class Versions:
    """The versions of a store beside those built in. Calls block."""

    def __init__(self, store: ObjectStore, builtin: Mapping[str, ModelEntry]) -> None:
        self._store = store
        self._audit = Audit(store)
        self.builtin = builtin

    def records(self, model: str) -> Sequence[Record]:
        """Return the papers of a model's stored versions, oldest first."""
        keys = [
            key for key in self._store.keys(f"{_VERSIONS}/{model}/") if key.endswith(f"/{_RECORD}")
        ]
        found = [
            msgspec.json.decode(content, type=Record)
            for content in read_all(self._store, keys).values()
        ]
        return sorted(found, key=lambda record: (record.entry.created, record.entry.version))

    def add(self, model: str, content: bytes, record: Record) -> None:
        """Keep a version; one that is there already stays as it is."""
        version = record.entry.version
        self._store.put_new(_key(model, version, _WEIGHTS), content)
        self._store.put_new(_key(model, version, _RECORD), msgspec.json.encode(record))

    def find(self, model: str, version: str) -> Model:
        """Return a stored version that somebody names, checked and warmed up.

        Raises:
            VersionNotFound: there is none, or one that cannot be served.
        """
        self.check(model, version)
        try:
            return self.load(model, version)
        except WeightsError as error:
            raise VersionNotFound(str(error)) from error

    def load(self, model: str, version: str) -> Model:
        """Return a stored version, checked and warmed up.

        Raises:
            WeightsError: it is missing, damaged, or of a kind that this code cannot serve.
        """
        papers = self._store.get(_key(model, version, _RECORD))
        content = self._store.get(_key(model, version, _WEIGHTS))
        if papers is None or content is None:
            raise WeightsError(f"version {version} of {model} is not in the store")
        try:
            entry = msgspec.json.decode(papers, type=Record).entry
            check_digest(entry, content)
            return load_model(model, entry, content)
        except (msgspec.DecodeError, WeightsError) as error:
            raise WeightsError(f"version {version} of {model} {error}") from error

    def active(self, model: str) -> Pointer | None:
        """Return what is to be served; None for the built-in version.

        Raises:
            WeightsError: the pointer cannot be read.
        """
        content = self._store.get(f"{_ACTIVE}/{model}")
        try:
            return None if content is None else msgspec.json.decode(content, type=Pointer)
        except msgspec.DecodeError as error:
            raise WeightsError(f"which version of {model} is active cannot be read") from error

    def active_version(self, model: str) -> str:
        """Return the name of what is to be served."""
        pointer = self.active(model)
        if pointer is None or pointer.is_builtin:
            return self.builtin[model].version
        return pointer.version

    def check(self, model: str, version: str) -> None:
        """Make sure that there is a version, built in or stored.

        Raises:
            VersionNotFound: there is none.
        """
        is_builtin = version == self.builtin[model].version
        if not is_builtin and self._record_of(model, version) is None:
            raise _not_found(model, version)

    def activate(self, model: str, version: str, by: str) -> Pointer:
        """Have a version served by all replicas, and return the new pointer.

        Raises:
            VersionNotFound: there is no such version.
        """
        self.check(model, version)
        is_builtin = version == self.builtin[model].version
        pointer = Pointer(version, self.active_version(model), is_builtin, now(), by)
        self._store.put(f"{_ACTIVE}/{model}", msgspec.json.encode(pointer))
        self._audit.note(by, "activate", model, "done", pointer.previous, version)
        return pointer

    def prune(self, model: str, keep: int, spared: Sequence[str] = ()) -> Sequence[str]:
        """Remove all but the newest versions, never the active one or the one before it.

        Args:
            model: whose.
            keep: how many of the newest.
            spared: further ones that stay.

        Returns:
            The names of those that went.
        """
        pointer = self.active(model)
        kept = {*spared, *((pointer.version, pointer.previous) if pointer else ())}
        old = [record.entry.version for record in self.records(model)][:-keep]
        gone = [version for version in old if version not in kept]
        for version in gone:
            # Papers first: what has none does not exist.
            self._store.delete(_key(model, version, _RECORD))
            self._store.delete(_key(model, version, _WEIGHTS))
        return gone

    def _record_of(self, model: str, version: str) -> bytes | None:
        """Return a stored version's papers; of what is no version's name, nothing is looked for."""
        is_name = len(version) == 12 and set(version) <= set("0123456789abcdef")
        return self._store.get(_key(model, version, _RECORD)) if is_name else None


def _not_found(model: str, version: str) -> VersionNotFound:
    return VersionNotFound(f"there is no version {version[:64]!r} of {model}")


def _key(model: str, version: str, part: str) -> str:
    return f"{_VERSIONS}/{model}/{version}/{part}"
