import shutil
import subprocess

import pytest

from loadtest.bodies import predict
from loadtest.digits import held_out
from loadtest.drive import ab, summary, wrk
from tests.support.server import Server

pytestmark = pytest.mark.alone

RATE = 1000


# When the clock of the records, which is that of the day, began.
START = 1_800_000_000_000_000_000


def record(due_ms: float, sent_ms: float, took_ms: float, code: int = 200) -> str:
    """Return one row as `poisson` writes it."""
    due, sent, took = (round(ms * 1e6) for ms in (due_ms, sent_ms, took_ms))
    return f"{due},{START + sent},{code},{took}"


def test_latency_counts_from_when_a_request_was_due() -> None:
    # The third was due after 2 ms; a starved generator sent it after 12 and it took one.
    rows = [record(0, 0, 1), record(1, 1, 1), record(2, 12, 1), record(3, 3, 1)]
    found, _ = summary("\n".join(rows), RATE)
    assert found.max_ms == pytest.approx(11)
    assert found.sent_p99_ms == pytest.approx(1)
    assert found.late_ms > 9


def test_records_out_of_order_are_understood() -> None:
    rows = [record(number, number, 2) for number in (3, 0, 2, 1)]
    found, _ = summary("\n".join(rows), RATE)
    assert (found.requests, found.errors) == (4, 0)
    assert found.p99_ms == pytest.approx(2)


def test_every_answer_but_a_200_is_an_error() -> None:
    rows = [record(0, 0, 1), record(1, 1, 1, code=503), record(2, 2, 1, code=0)]
    found, latencies = summary("\n".join(rows), RATE)
    assert found.errors == 2
    assert latencies.tolist() == pytest.approx([1, 1, 1])


@pytest.fixture
def bodies() -> list[bytes]:
    subprocess.run(["tools/system-deps", "wrk", "ab"], check=True)
    return [predict(digit.png, model="cnn") for digit in held_out(20)]


def test_wrk_counts_answers_and_refusals(server: Server, bodies: list[bytes]) -> None:
    good = wrk(f"{server.url}/predict/", bodies, 1, connections=2)
    assert good.rate > 0
    assert good.errors == 0
    refused = wrk(f"{server.url}/predict/", [b"{}"], 1, connections=2)
    assert refused.errors > 0


def test_ab_counts_answers_and_refusals(server: Server, bodies: list[bytes]) -> None:
    assert shutil.which("ab")
    for keep_alive in (True, False):
        good = ab(f"{server.url}/predict/", bodies[0], 1, 2, keep_alive=keep_alive)
        assert good.rate > 0
        assert good.errors == 0
    assert ab(f"{server.url}/predict/", b"{}", 1, 2, keep_alive=True).errors > 0
