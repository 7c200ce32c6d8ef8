"""What is taken apart beside Falcon is what no parser could read in another way."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mnist_api.http.plain_request import Head, PlainRequest, plain_request
from tests.support.gunicorn_parser import check_read_alike, read_by_gunicorn

LINE = b"POST /predict/ HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
BODY = b'{"image":""}'


def request_with(
    *fields: bytes, line: bytes = LINE, host: bytes = HOST, body: bytes = BODY, length: bytes = b""
) -> bytes:
    length = length or b"Content-Length: %d\r\n" % len(body)
    return line + host + b"".join(field + b"\r\n" for field in fields) + length + b"\r\n" + body


def test_a_plain_request_is_taken_apart() -> None:
    request = request_with(
        b"Content-Type:  application/json ",
        b"X-Request-Id: me-1",
        b"Connection: Keep-Alive",
        b"User-Agent: somebody (1.0; of) somewhere",
        line=b"POST /predict?model=cnn&probabilities=1 HTTP/1.1\r\n",
    )
    length = len(BODY)
    assert plain_request(request) == PlainRequest(
        Head(b"1.1", "model=cnn&probabilities=1", "application/json", length, None),
        BODY,
        0,
        "me-1",
    )
    assert plain_request(request_with()) == PlainRequest(
        Head(b"1.1", "", "", length, None), BODY, 0, None
    )


@pytest.mark.parametrize("name", [b"X-Request-ID", b"x-request-id", b"X-REQUEST-ID"])
def test_each_request_has_its_own_id_whoever_writes_it(name: bytes) -> None:
    for given_id in ("one", "two"):
        plain = plain_request(request_with(name + b": \t" + given_id.encode() + b" "))
        assert plain is not None
        assert plain.given_id == given_id


@pytest.mark.parametrize("there", [0, 1, len(BODY) - 1])
def test_of_a_body_that_is_on_its_way_it_is_told_how_much_is_missing(there: int) -> None:
    plain = plain_request(request_with()[: there - len(BODY)])
    assert plain is not None
    assert (plain.body, plain.missing) == (BODY[:there], len(BODY) - there)


def test_an_old_client_has_to_say_that_it_stays() -> None:
    line = b"POST /predict/ HTTP/1.0\r\n"
    assert plain_request(request_with(line=line)) is None
    kept = plain_request(request_with(b"Connection: Keep-Alive", line=line))
    assert kept is not None
    assert kept.head.http == b"1.0"


@pytest.mark.parametrize(
    "field",
    [
        b"Cache-Control: no-cache",
        b"Connection: close",
        b"Connection: keep-alive, upgrade",
        b"Content-Encoding: gzip",
        b"Content-Length: 12",
        b"content-length: 3",
        b"Expect: 100-continue",
        b"TE: trailers",
        b"Trailer: X",
        b"Transfer-Encoding: chunked",
        b"Upgrade: h2c",
        b"X-Request-Timeout-Ms: 5",
        b"Host: b",
        b"X-Request-ID: a\r\nX-Request-ID: b",
        b"X-Request-ID: a\r\nx-request-id: a",
        b"X-Request-ID: \xe9",
        b"X-Request-ID: a\nTransfer-Encoding: chunked",
        b"Content-Type: text/plain\r\nContent-Type: application/json",
        b"Transfer-Encoding : chunked",
        b" folded: to the line above",
        b"no colon",
        b": no name",
        b"Bare: line\nTransfer-Encoding: chunked",
        b"Bare: return\rTransfer-Encoding: chunked",
        b"Nul: \0",
        b"Not-Ascii: \xe9",
        b"Long: " + b"a" * 4096,
        b"A: 1\r\n" * 64 + b"B: 2",
    ],
)
def test_what_asks_for_more_or_is_not_clear_is_not_plain(field: bytes) -> None:
    assert plain_request(request_with(field)) is None


@pytest.mark.parametrize(
    "request_",
    [
        request_with()[: -len(BODY) - 1],
        request_with() + b"G",
        request_with() + request_with(),
        request_with(host=b""),
        request_with(length=b"Content-Length: +12\r\n"),
        request_with(length=b"Content-Length: 012\r\n"),
        request_with(length=b"Content-Length: 1_2\r\n"),
        request_with(length=b"Content-Length: 1234567890\r\n"),
        request_with(length=b"X: 1\r\n"),
        request_with(line=b"GET /predict/ HTTP/1.1\r\n"),
        request_with(line=b"POST /predict/ HTTP/1.0\r\n"),
        request_with(line=b"POST /predictions HTTP/1.1\r\n"),
        request_with(line=b"POST /predict// HTTP/1.1\r\n"),
        request_with(line=b"POST /predict?model=c nn HTTP/1.1\r\n"),
        request_with(line=b"POST http://a/predict HTTP/1.1\r\n"),
        b"",
    ],
)
def test_nothing_else_is_plain(request_: bytes) -> None:
    assert plain_request(request_) is None


# Of such pieces requests are made that one parser could read in one way and the next in another.
PIECES = (
    *(b"Host: a\r\n", b"Content-Length: 3\r\n", b"Content-Length: 12\r\n", b"X-Request-ID: me\r\n"),
    *(b"content-length:3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"),
    *(b"Content-Type: image/png\r\n", b"Content-Type\r\n", b"X: ", b"Y:\t", b"\r\n", b"\n", b"\r"),
    *(b" ", b":", b"\0", b"\xff", b"abc", b"3\r\nabc\r\n0\r\n", b"GET / HTTP/1.1\r\n"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@example([b"Host: a\r\n", b"Content-Length: 3\r\n", b"\r\n", b"abc"])
@settings(max_examples=2000, deadline=None)
def test_gunicorn_reads_the_same_in_what_is_plain(pieces: list[bytes]) -> None:
    for line in (LINE, LINE + HOST, LINE + HOST + b"Content-Length: 3\r\n"):
        check_read_alike(line + b"".join(pieces))


def test_the_comparison_compares() -> None:
    assert check_read_alike(request_with(b"Content-Type: image/png"))
    assert read_by_gunicorn(request_with()[:-1]) is None
    assert read_by_gunicorn(request_with() + b"G") is None
