"""What the worker does with all its connections."""

from collections.abc import Mapping
from types import SimpleNamespace

from mnist_api.awaiting import Awaited
from mnist_api.settings import Settings
from mnist_api.worker import Worker


class Waiting:
    """A connection that notes how it is swept."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.before: Mapping[Awaited, float] = {}
        self.is_aborted = False

    def end_what_is_late(self, before: Mapping[Awaited, float]) -> None:
        self.before = before
        if self.failure is not None:
            raise self.failure

    def abort(self) -> None:
        self.is_aborted = True


def worker_with(*connections: Waiting) -> Worker:
    worker = Worker.__new__(Worker)
    worker.loop = SimpleNamespace(time=lambda: 1000.0)
    worker.connections = set(connections)
    return worker


def test_each_wait_has_its_own_bound() -> None:
    settings = Settings(head_timeout_seconds=3, body_timeout_seconds=20, keepalive_seconds=75)
    connection = Waiting()
    worker_with(connection).sweep(settings)
    assert connection.before == {Awaited.HEAD: 997, Awaited.BODY: 980, Awaited.NEXT: 925}
    assert not connection.is_aborted


def test_a_connection_that_fails_is_ended_and_the_others_are_swept() -> None:
    broken, others = Waiting(RuntimeError("lost")), [Waiting() for _ in range(5)]
    worker_with(broken, *others).sweep(Settings())
    assert broken.is_aborted
    assert all(one.before and not one.is_aborted for one in others)
