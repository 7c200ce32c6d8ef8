"""Connections that wait are accepted together, and an accident with one harms no other."""

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import cast

import pytest

from mnist_api import accepting
from mnist_api.accepting import AcceptingLoop, Acceptor, most_in_a_turn


class Greeter(asyncio.Protocol):
    """Greets and ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        cast("asyncio.Transport", transport).write(b"hello")
        transport.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        yield listening


def connect(listener: socket.socket) -> socket.socket:
    client = socket.create_connection(listener.getsockname(), timeout=5)
    client.setblocking(False)
    return client


async def greeting(client: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 16), 5)


def run(scenario: Callable[[AcceptingLoop], Coroutine[object, object, None]]) -> None:
    with asyncio.Runner(loop_factory=AcceptingLoop) as runner:
        runner.run(scenario(runner.get_loop()))


def test_a_crowd_that_waits_is_met_in_few_turns(listener: socket.socket) -> None:
    async def scenario(loop: AcceptingLoop) -> None:
        clients = [connect(listener) for _ in range(200)]
        server = await loop.create_server(Greeter, sock=listener)
        assert [await greeting(client) for client in clients] == [b"hello"] * 200
        server.close()
        await server.wait_closed()
        for client in clients:
            client.close()

    run(scenario)


def test_a_turn_takes_no_more_than_it_may(listener: socket.socket) -> None:
    async def scenario(loop: AcceptingLoop) -> None:
        asked = []

        def most() -> int:
            asked.append(None)
            return 5

        loop.most_in_a_turn = most
        clients = [connect(listener) for _ in range(20)]
        server = await loop.create_server(Greeter, sock=listener)
        assert [await greeting(client) for client in clients] == [b"hello"] * 20
        assert len(asked) >= 4
        server.close()
        await server.wait_closed()
        for client in clients:
            client.close()

    run(scenario)


def test_a_worker_beside_others_leaves_them_theirs() -> None:
    assert most_in_a_turn(1, 0) == most_in_a_turn(1, 1000) == 64
    assert [most_in_a_turn(4, connections) for connections in (0, 7, 8, 80)] == [1, 1, 2, 11]
    assert most_in_a_turn(2, 1000) == 64


def test_a_closed_server_accepts_no_more(listener: socket.socket) -> None:
    async def scenario(loop: AcceptingLoop) -> None:
        server = await loop.create_server(Greeter, sock=listener)
        server.close()
        client = connect(listener)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.sock_recv(client, 16), 0.2)
        client.close()

    run(scenario)


class Failing:
    """A listening socket whose first attempts to accept fail."""

    def __init__(self, listener: socket.socket, *errors: OSError) -> None:
        self._listener = listener
        self._errors = list(errors)

    def accept(self) -> tuple[socket.socket, object]:
        if self._errors:
            raise self._errors.pop(0)
        return self._listener.accept()

    def setblocking(self, flag: bool) -> None:
        self._listener.setblocking(flag)

    def fileno(self) -> int:
        return self._listener.fileno()


@pytest.mark.parametrize(
    "error", [OSError(errno.EMFILE, "too many files"), ConnectionAbortedError()], ids=str
)
def test_a_failure_to_accept_passes(
    listener: socket.socket, error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "_PAUSE_SECONDS", 0.01)

    async def scenario(loop: AcceptingLoop) -> None:
        failing = Failing(listener, error)
        server = Acceptor(loop, failing, Greeter)  # type: ignore[arg-type]
        client = connect(listener)
        assert await greeting(client) == b"hello"
        server.close()
        client.close()

    run(scenario)


def test_a_connection_that_fails_at_once_is_closed_and_harms_no_other(
    listener: socket.socket,
) -> None:
    made: list[Greeter] = []

    def factory() -> asyncio.Protocol:
        if not made:
            made.append(Greeter())
            raise ConnectionResetError
        return Greeter()

    async def scenario(loop: AcceptingLoop) -> None:
        server = await loop.create_server(factory, sock=listener)
        first = connect(listener)
        assert await greeting(first) == b""
        second = connect(listener)
        assert await greeting(second) == b"hello"
        server.close()
        first.close()
        second.close()

    run(scenario)
