"""`/audit/`: who did what."""

import asyncio
from collections.abc import Sequence

import msgspec
from falcon.asgi import Request, Response

from mnist_api.http.auth import Gatekeeper
from mnist_api.http.paging import page_of
from mnist_api.retraining.audit import Audit, Entry


class AuditLog(msgspec.Struct, frozen=True):
    """A part of the log, oldest first."""

    entries: Sequence[Entry]
    next: str | None


class AuditResource:
    """Shows the log."""

    def __init__(self, gatekeeper: Gatekeeper, audit: Audit) -> None:
        self._gatekeeper = gatekeeper
        self._audit = audit

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer one page of it."""
        self._gatekeeper.reader(req)
        names = await asyncio.to_thread(self._audit.names)
        page, following = page_of(req, names, str)
        entries = await asyncio.to_thread(self._audit.entries, page)
        resp.data = msgspec.json.encode(AuditLog(entries, following))
