"""Who did what, when, and what came of it: objects that are created and never changed."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import msgspec

from mnist_api.retraining.stores import ObjectStore, read_all

Action = Literal[
    "remove sample", "retrain", "cancel", "activate", "end of job", "shadow", "end shadow"
]
_PREFIX = "audit/"


class Entry(msgspec.Struct, frozen=True):
    """One line of the log."""

    at: str
    by: str
    """The name of the token's bearer; of the end of a job, who had asked for it."""
    action: Action
    subject: str
    """A sample, a job, or a model."""
    outcome: str
    before: str | None = None
    """The version that was active."""
    after: str | None = None
    """The version that is, or that a job made."""


class Audit:
    """An append-only log. Calls block."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def note(
        self,
        by: str,
        action: Action,
        subject: str,
        outcome: str,
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """Append a line; durable on return."""
        moment = datetime.now(UTC)
        entry = Entry(
            moment.isoformat(timespec="milliseconds"), by, action, subject, outcome, before, after
        )
        # Names in the order of time; the rest tells two of one moment apart.
        name = f"{moment.strftime('%Y%m%dT%H%M%S.%f')}-{secrets.token_hex(4)}"
        self._store.put_new(_PREFIX + name, msgspec.json.encode(entry))

    def names(self) -> Sequence[str]:
        """Return the names of all lines, oldest first."""
        return [key.removeprefix(_PREFIX) for key in self._store.keys(_PREFIX)]

    def entries(self, names: Sequence[str]) -> Sequence[Entry]:
        """Return some lines."""
        found = read_all(self._store, [_PREFIX + name for name in names])
        return [msgspec.json.decode(content, type=Entry) for content in found.values()]
