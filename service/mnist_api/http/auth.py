"""Bearer tokens, and how often their bearers may write."""

import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from time import monotonic

from falcon.asgi import Request

from mnist_api.errors import TooManyRequests, Unauthorized

_SCHEME = "bearer"
# A burst may bring what two seconds allow.
_BURST_SECONDS = 2


class Gatekeeper:
    """Knows the tokens, and keeps count of the calls that write."""

    def __init__(
        self,
        tokens: Mapping[str, str],
        writes_per_second: float,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Let in who bears one of the tokens.

        Args:
            tokens: secrets by their bearers' names.
            writes_per_second: on average; bursts may be of twice as many.
            clock: seconds from any start.
        """
        # Digests are of one length, so that comparing them tells nothing of the secrets'.
        self._digests = {name: _digest(secret) for name, secret in tokens.items()}
        self._rate = writes_per_second
        self._clock = clock
        self._left = writes_per_second * _BURST_SECONDS
        self._counted = clock()

    def reader(self, req: Request) -> str:
        """Return the name of who calls.

        Raises:
            Unauthorized: the call bears no token that we know.
        """
        scheme, _, secret = (req.get_header("Authorization") or "").partition(" ")
        digest = _digest(secret.strip())
        # All are compared, whichever fits, for the same time.
        fitting = [
            name for name, known in self._digests.items() if hmac.compare_digest(known, digest)
        ]
        if scheme.lower() != _SCHEME or not fitting:
            raise Unauthorized("send a known token: `Authorization: Bearer <token>`")
        return fitting[0]

    def writer(self, req: Request) -> str:
        """Return the name of who calls to write, and count the call.

        Raises:
            Unauthorized: the call bears no token that we know.
            TooManyRequests: such calls come too fast.
        """
        name = self.reader(req)
        now = self._clock()
        gained = (now - self._counted) * self._rate
        self._left = min(self._left + gained, self._rate * _BURST_SECONDS)
        self._counted = now
        if self._left < 1:
            wait = math.ceil((1 - self._left) / self._rate)
            raise TooManyRequests(
                f"more than {self._rate:g} writing calls a second", retry_after=wait
            )
        self._left -= 1
        return name


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
