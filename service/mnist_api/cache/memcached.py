"""Remembered answers in memcached, shared by all replicas.

pymemcache blocks, so every call runs in a thread; its HashClient is not thread-safe, so each thread
has its own. Nothing here raises: what goes wrong is a miss that is counted and, for a while, not
tried again.
"""

import asyncio
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, NamedTuple

from pymemcache.client.hash import HashClient
from pymemcache.exceptions import MemcacheError

from mnist_api.cache.addresses import Address, Addresses
from mnist_api.cache.answer import Answer
from mnist_api.cache.breaker import Breaker

# Calls at the same time; one more does not wait for a thread but counts as a miss. A queue here
# would only make answers later than computing them.
_THREADS = 4
# A key that this server served is asked of the next one at once, and of it again after a while:
# sooner than the trials of a server that was gone come, or one would meet it still taken for dead.
_DEAD_SECONDS = 2
_EXPIRE_SECONDS = 24 * 3600


# What is asked when only the answer's coming is of interest.
_TRIAL_KEY = "trial"


class Found(NamedTuple):
    """Answers by key, and the seconds that asking took in its thread."""

    answers: dict[str, Answer]
    seconds: float


class MemcachedUnavailable(Exception):
    """No server answered; the cause is chained."""


class Memcached:
    """The shared level of the cache."""

    def __init__(self, addresses: Addresses, timeout_seconds: float) -> None:
        self._addresses = addresses
        self._timeout = timeout_seconds
        self._breaker = Breaker()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="memcached")
        self._local = threading.local()
        self._busy = 0
        # PERF: an attribute, for each picture that nobody knows looks at it.
        self.is_available = True
        """Whether a call may be made now."""

    def is_trial_due(self) -> bool:
        """Tell whether, after a failure, it is time to call `attempt`."""
        return self._breaker.is_trial_due()

    async def attempt(self) -> None:
        """Ask for nothing in particular, to learn whether there is an answer.

        Raises:
            MemcachedUnavailable: there is none.
        """
        await self._run(self._get, [_TRIAL_KEY])

    async def get(self, keys: Iterable[str]) -> Found:
        """Return the answers that are known.

        Raises:
            MemcachedUnavailable: it could not be asked.
        """
        stored, seconds = await self._run(self._get, list(keys))
        answers = {key: Answer.from_bytes(value) for key, value in stored.items()}
        known = {key: answer for key, answer in answers.items() if answer is not None}
        return Found(known, seconds)

    async def put(self, answers: Mapping[str, Answer]) -> None:
        """Store answers.

        Raises:
            MemcachedUnavailable: they could not be stored.
        """
        await self._run(self._put, {key: answer.to_bytes() for key, answer in answers.items()})

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, call: Any, argument: object) -> Any:  # noqa: ANN401
        self._change_busy(+1)
        try:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(self._threads, call, argument)
        except (OSError, MemcacheError) as error:
            self._breaker.failed()
            raise MemcachedUnavailable from error
        else:
            self._breaker.succeeded()
        finally:
            self._change_busy(-1)
        return result

    def _change_busy(self, calls: int) -> None:
        self._busy += calls
        self.is_available = self._busy < _THREADS and self._breaker.is_closed

    def _get(self, keys: list[str]) -> tuple[dict[str, bytes], float]:
        start = perf_counter()
        found: dict[str, bytes] = self._client().get_many(keys)
        return found, perf_counter() - start

    def _put(self, values: dict[str, bytes]) -> None:
        self._client().set_many(values, expire=_EXPIRE_SECONDS)

    def _client(self) -> HashClient:
        """Return this thread's client, for the servers there are now."""
        servers = self._addresses.current()
        if not servers:
            raise MemcacheError("no address of memcached is known")
        known: tuple[Address, ...] | None = getattr(self._local, "servers", None)
        if known != servers:
            if known is not None:
                self._local.client.close()
            self._local.client = self._connect(servers)
            self._local.servers = servers
        client: HashClient = self._local.client
        return client

    def _connect(self, servers: tuple[Address, ...]) -> HashClient:
        return HashClient(
            servers,
            connect_timeout=self._timeout,
            timeout=self._timeout,
            no_delay=True,
            retry_attempts=0,
            dead_timeout=_DEAD_SECONDS,
        )
