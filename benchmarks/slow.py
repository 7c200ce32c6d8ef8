"""`python -m benchmarks.slow`: 500 clients that send one byte a second, beside some in a hurry."""

import argparse
import contextlib
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.bodies import Call, distinct, holdout_digits, json_body, vegeta_targets, wrk_script
from benchmarks.driving import Answers, Attack, closed_loop
from benchmarks.page import finish
from benchmarks.report import Bound, Table, result_of
from benchmarks.serving import pin_to_driver, serving
from benchmarks.stages import png_of

METHOD = """One worker on the first core, the drivers on the second. Vegeta asks the CNN (28x28 PNG
in JSON, no two alike) at 0.4 of what the service can do, in rounds alone and beside the slow
clients. Half of these send their headers by the byte, half a body that they announced as 10,000
bytes, each one byte a second. Whoever is sent away comes back at once, so that there are always as
many; figures are medians over the rounds."""

HEAD = b"POST /predict/ HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\n"
BODY = HEAD + b"Content-Length: 10000\r\n\r\n"


class SlowClient:
    """One connection that never gets to the end of its request."""

    def __init__(self, port: int, begins_with: bytes) -> None:
        self._port = port
        self._begins_with = begins_with
        self._connection = self._connect()
        self.sent_away = 0

    def go_on(self) -> None:
        """Send one byte more; where the server has answered or closed, begin anew."""
        try:
            self._connection.send(b"x")
            self._connection.recv(4096)
        except BlockingIOError:
            return  # Nothing to read: the server waits on.
        except OSError:
            pass
        self.sent_away += 1
        self.close()
        self._connection = self._connect()

    def close(self) -> None:
        """Go away."""
        self._connection.close()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        connection.sendall(self._begins_with)
        connection.setblocking(False)
        return connection


@contextlib.contextmanager
def slow_clients(port: int, count: int) -> Iterator[list[SlowClient]]:
    """Keep so many of them at it, each with its turn once a second."""
    clients = [SlowClient(port, (HEAD, BODY)[number % 2]) for number in range(count)]
    ended = threading.Event()

    def take_turns() -> None:
        due = time.monotonic()
        while not ended.is_set():
            for client in clients:
                client.go_on()
                due += 1 / count
                time.sleep(max(0.0, due - time.monotonic()))

    thread = threading.Thread(target=take_turns)
    thread.start()
    try:
        yield clients
    finally:
        ended.set()
        thread.join()
        for client in clients:
            client.close()


def measure(count: int, rounds: int, seconds: float) -> tuple[Table, list[Bound]]:
    """Measure others' latency, alone and beside the slow ones."""
    alone: list[Answers] = []
    beside: list[Answers] = []
    sent_away = 0
    pngs = [png_of(digit) for digit in holdout_digits()[:1000]]
    with tempfile.TemporaryDirectory() as name, serving({"cache_bytes": 0}) as service:
        folder = Path(name)
        script = wrk_script(folder / "peak.lua", pngs, "cnn", distinct=True)
        loops = [closed_loop(service.url + "/predict/", script, 2, 8).rate for _ in range(3)]
        rate = 0.4 * median(loops)
        calls = (
            Call("POST", "/predict/", json_body(file, "cnn"))
            for file in distinct(pngs, round(rate * seconds))
        )
        targets = vegeta_targets(folder / "targets.jsonl", service.url, calls)
        for _ in range(rounds):
            alone.append(Attack(targets, rate, seconds, timeout=10, connections=64).wait())
            with slow_clients(service.port, count) as clients:
                time.sleep(1)
                beside.append(Attack(targets, rate, seconds, timeout=10, connections=64).wait())
                sent_away += sum(client.sent_away for client in clients)
    return table_of({"alone": alone, f"beside {count} slow clients": beside}, rate, sent_away)


def table_of(
    found: dict[str, list[Answers]], rate: float, sent_away: int
) -> tuple[Table, list[Bound]]:
    """Return the figures, and what is promised of them."""
    p99s = {name: median(part.p99() for part in parts) for name, parts in found.items()}
    failed = {name: sum(int((~part.good).sum()) for part in parts) for name, parts in found.items()}
    rows = [
        (name, sum(map(len, parts)), failed[name], p99s[name] * 1e3)
        for name, parts in found.items()
    ]
    caption = f"Others' {rate:.0f} requests/s; slow clients were sent away {sent_away:,} times:"
    alone, beside = p99s.values()
    return Table(caption, ("others", "requests", "failed", "p99, ms"), rows), [
        Bound("others' failed requests", sum(failed.values()), 0),
        Bound("others' p99 beside slow clients, of that alone", beside / alone, 2.0),
    ]


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=12, help="length of one attack")
    options = parser.parse_args()
    pin_to_driver()
    table, bounds = measure(options.clients, options.rounds, options.seconds)
    return finish("slow", result_of("Slow clients", METHOD, [table], bounds))


if __name__ == "__main__":
    sys.exit(main())
