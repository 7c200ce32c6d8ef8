"""What is answered beside Falcon is what Falcon's way answers, to the letter."""

import base64
import itertools
import json
import socket

import numpy as np
import pytest

from benchmarks.bodies import canvas_png
from benchmarks.stages import png_of
from tests.support.http import Answer, read_answer, send_raw
from tests.support.server import Server

JSON = "Content-Type: application/json"
PNG = "Content-Type: image/png"
# Asks for nothing that is not done anyway, and is known on Falcon's way alone.
FALCON = "Cache-Control: max-age=0"
SERIAL = itertools.count()


def request_with(body: bytes, *fields: str, query: str = "", http: str = "1.1") -> bytes:
    line = f"POST /predict/{query} HTTP/{http}"
    head = [line, "Host: a", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(head).encode() + body


def in_json(image: bytes, **fields: object) -> bytes:
    return json.dumps({"image": base64.b64encode(image).decode(), **fields}).encode()


def is_new(image: bytes) -> bytes:
    """Return the same picture as a file that was never sent: decoders stop at its end."""
    return image + next(SERIAL).to_bytes(4, "big")


def compared(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    own = ("x-request-id", "date")
    return answer.status, {k: v for k, v in answer.headers.items() if k not in own}, answer.body


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": "cnn"},
        {"model": "mlp", "probabilities": True},
        {"normalised": True},
        {"model": "svm", "version": "none of ours"},
        {"model": "none of ours"},
        {"model": 7},
        {"images": []},
    ],
)
@pytest.mark.parametrize("kind", ["digit", "canvas", "nothing"])
@pytest.mark.parametrize("type_", [JSON, "Content-Type: Application/x+JSON; charset=utf-8", "A: b"])
def test_json_gets_the_same_answer(
    server: Server,
    digits: dict[str, np.ndarray],
    type_: str,
    kind: str,
    fields: dict[str, object],
) -> None:
    digit = digits["holdout_images"][0]
    image = {"digit": png_of(digit), "canvas": canvas_png(digit, 400), "nothing": b"none"}[kind]
    [beside] = send_raw(server, request_with(in_json(is_new(image), **fields), type_))
    [falcon] = send_raw(server, request_with(in_json(is_new(image), **fields), type_, FALCON))
    assert compared(beside) == compared(falcon)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?model=cnn",
        "?model=cnn&model=mlp&probabilities",
        "?probabilities=perhaps",
        "?model=%63nn",
        "?other=1",
        "?model=",
    ],
)
@pytest.mark.parametrize("field", [PNG, "Content-Type: image/anything", JSON, "Accept: */*"])
def test_a_file_gets_the_same_answer(
    server: Server, digits: dict[str, np.ndarray], field: str, query: str
) -> None:
    image = png_of(digits["holdout_images"][1])
    [beside] = send_raw(server, request_with(is_new(image), field, query=query))
    [falcon] = send_raw(server, request_with(is_new(image), field, FALCON, query=query))
    assert compared(beside) == compared(falcon)


@pytest.mark.parametrize(
    "field",
    [
        "X-Request-ID: me-1",
        "X-Request-ID: not one of ours",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ],
)
def test_a_request_is_called_the_same(
    server: Server, digits: dict[str, np.ndarray], field: str
) -> None:
    body = png_of(digits["holdout_images"][2])
    [beside] = send_raw(server, request_with(body, PNG, field))
    [falcon] = send_raw(server, request_with(body, PNG, field, FALCON))
    ids = [answer.headers["x-request-id"] for answer in (beside, falcon)]
    assert len(set(ids)) == (2 if "not one" in field else 1)


def test_clients_of_http_1_0_are_told_that_their_connection_is_kept(
    server: Server, digits: dict[str, np.ndarray]
) -> None:
    image, kept = png_of(digits["holdout_images"][5]), "Connection: Keep-Alive"
    beside, falcon = (
        send_raw(server, 2 * request_with(is_new(image), PNG, kept, *more, http="1.0"), answers=2)
        for more in ((), (FALCON,))
    )
    assert [compared(answer) for answer in beside] == [compared(answer) for answer in falcon]
    [alone] = send_raw(server, request_with(is_new(image), PNG, kept, http="1.0"))
    assert alone.headers["connection"] == "keep-alive"


def test_what_comes_while_a_request_waits_is_answered_behind_it(
    server: Server, digits: dict[str, np.ndarray]
) -> None:
    digit = digits["holdout_images"][3]
    small, large = png_of(digit), canvas_png(digit, 800)
    bodies = [(is_new(image), model) for image in (small, large) for model in ("cnn", "mlp")] * 3
    with socket.create_connection((server.host, server.port), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for body, model in bodies:
            connection.sendall(request_with(body, PNG, query=f"?model={model}"))
        answers = [read_answer(connection) for _ in bodies]
    versions = [answer.headers["x-model-version"].partition("=")[0] for answer in answers]
    assert versions == [model for _, model in bodies]
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize("at", [-1, -300, -600])
def test_a_request_in_pieces_is_answered_as_one_in_whole(
    server: Server, digits: dict[str, np.ndarray], at: int
) -> None:
    image = png_of(digits["holdout_images"][7])
    whole = request_with(in_json(is_new(image), model="cnn"), JSON)
    following = request_with(in_json(is_new(image), model="mlp"), JSON)
    [expected] = send_raw(server, request_with(in_json(is_new(image), model="cnn"), JSON))
    with socket.create_connection((server.host, server.port), timeout=20) as connection:
        for piece in (whole[:at], whole[at:-1], whole[-1:] + following[:40], following[40:]):
            connection.sendall(piece)
            server.get("/healthz")  # a turn of the loop in between
        first, second = read_answer(connection), read_answer(connection)
        assert compared(first) == compared(expected)
        assert second.headers["x-model-version"].startswith("mlp=")
        connection.sendall(whole[:at])
        server.get("/healthz")
    assert send_raw(server, whole)[0].status == 200


def test_a_client_that_leaves_takes_nothing_with_it(
    server: Server, digits: dict[str, np.ndarray]
) -> None:
    image = png_of(digits["holdout_images"][4])
    for _ in range(50):
        with socket.create_connection((server.host, server.port), timeout=20) as connection:
            connection.sendall(request_with(is_new(image), PNG))
    assert send_raw(server, request_with(is_new(image), PNG))[0].status == 200
