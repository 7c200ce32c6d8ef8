"""Raw requests and their answers, over a socket, against the real server.

`tests/requests/valid` and `invalid` hold one request a file (`.http`, every byte as sent) with what
must come back beside it (`.json`).
"""

import json
from pathlib import Path

import pytest

from benchmarks.serving import rss_bytes
from tests.support.hostile import BODIES, Hostile
from tests.support.http import send_raw
from tests.support.server import Server

pytestmark = pytest.mark.alone

CORPUS = Path(__file__).resolve().parents[1] / "requests"


def requests(folder: str) -> list[Path]:
    return sorted((CORPUS / folder).glob("*.http"))


@pytest.mark.parametrize("request_file", requests("valid"), ids=lambda path: path.stem)
def test_a_valid_request_gets_its_answer(server: Server, request_file: Path) -> None:
    expected = json.loads(request_file.with_suffix(".json").read_text())
    [answer] = send_raw(server, request_file.read_bytes())
    assert answer.status == expected["status"], answer.body
    if "body" in expected:
        assert answer.json == expected["body"]
    else:
        assert list(answer.json) == expected["has"]


@pytest.mark.parametrize("request_file", requests("invalid"), ids=lambda path: path.stem)
def test_an_invalid_request_is_refused_by_the_contract(server: Server, request_file: Path) -> None:
    expected = json.loads(request_file.with_suffix(".json").read_text())
    [answer] = send_raw(server, request_file.read_bytes())
    assert (answer.status, answer.json["code"]) == (expected["status"], expected["code"])
    assert set(answer.json) == {"error", "code"}
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("hostile", BODIES.values(), ids=BODIES)
def test_a_hostile_body_is_refused_by_the_contract(server: Server, hostile: Hostile) -> None:
    status, answer, _ = server.post("/predict/", hostile.make(), hostile.content_type)
    assert (status, answer["code"]) == (hostile.status, hostile.code), answer
    assert set(answer) == {"error", "code"}


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    one = (CORPUS / "valid" / "one_model.http").read_bytes()
    bad = (CORPUS / "invalid" / "base64_not.http").read_bytes()
    names = (CORPUS / "valid" / "models.http").read_bytes()
    answers = send_raw(server, one + bad + names, answers=3)
    assert [answer.status for answer in answers] == [200, 422, 200]
    assert answers[2].json == {"models": ["cnn", "mlp", "svm"]}


def test_a_body_that_is_chunked_without_end_is_refused(server: Server) -> None:
    head = b"POST /predict/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b"A" * 0x100000 + b"\r\n"
    [answer] = send_raw(server, head + chunk * 11 + b"0\r\n\r\n")
    assert (answer.status, answer.json["code"]) == (413, "body_too_large")


def test_a_hostile_body_leaves_no_memory_behind(server: Server) -> None:
    def rss() -> int:
        [pid] = server.worker_pids()
        return rss_bytes(pid)

    def after_all_of_them() -> int:
        for hostile in BODIES.values():
            server.post("/predict/", hostile.make(), hostile.content_type)
        return rss()

    before = after_all_of_them()
    # One body of 8 MB may still wait for the garbage collector whenever one looks.
    assert min(after_all_of_them() for _ in range(3)) - before < 10_000_000
