"""What is told of a request before it is parsed is what parsing would tell."""

import base64
from io import BytesIO

import pytest
from PIL import Image

from mnist_api.http.raw_request import end_of_head, png_pixels, prediction_body, without_id

HEAD = b"POST /predict/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def image(kind: str, width: int, height: int, mode: str = "L") -> bytes:
    file = BytesIO()
    Image.new(mode, (width, height)).save(file, kind)
    return file.getvalue()


def request_with(body: bytes, head: bytes = HEAD) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def pixels_in(body: bytes) -> int:
    request = request_with(body)
    return png_pixels(request, prediction_body(request))


@pytest.mark.parametrize("path", [b"/predict", b"/predict/", b"/predict?model=cnn"])
def test_one_whole_prediction_is_known_by_its_length(path: bytes) -> None:
    request = request_with(b"{}", b"POST %s HTTP/1.1\r\nHost: a\r\n" % path)
    assert request[prediction_body(request) :] == b"{}"


@pytest.mark.parametrize(
    "request_",
    [
        request_with(b"{}")[:-1],
        request_with(b"{}") + b"G",
        request_with(b"{}", b"POST /predictions HTTP/1.1\r\nHost: a\r\n"),
        request_with(b"{}", b"POST /v2/models/cnn/infer HTTP/1.1\r\nHost: a\r\n"),
        request_with(b"{}", b"POST /predict HTTP/1.0\r\nHost: a\r\n"),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 2",
        b"",
    ],
    ids=["part", "more", "path", "v2", "1.0", "chunked", "head", "nothing"],
)
def test_nothing_else_is_taken_for_one(request_: bytes) -> None:
    assert prediction_body(request_) == 0


def test_a_png_says_its_size_in_any_of_its_places() -> None:
    file = image("PNG", 300, 200)
    text = base64.b64encode(file)
    assert pixels_in(file) == 60_000
    assert pixels_in(b'{"image":"%s"}' % text) == 60_000
    assert pixels_in(b'{"model": "cnn", "image": "data:image/png;base64,%s"}' % text) == 60_000


def test_the_largest_announced_size_is_read_as_it_is() -> None:
    file = bytearray(image("PNG", 1, 1))
    file[16:24] = b"\xff" * 8
    assert pixels_in(bytes(file)) == (2**32 - 1) ** 2


@pytest.mark.parametrize(
    "body",
    [
        image("JPEG", 300, 200),
        image("PNG", 300, 200)[:20],
        b'{"image":"%s"}' % base64.b64encode(image("JPEG", 300, 200)),
        b'{"images":["%s"]}' % base64.b64encode(image("PNG", 300, 200)),
        b'{"image":"iVBORw0KGgo',
        b'{"image":"iVBORw0KGgo****************************"}',
        b"{}",
    ],
    ids=["jpeg", "cut", "jpeg in json", "many", "cut base64", "no base64", "no image"],
)
def test_what_is_no_such_png_has_no_size(body: bytes) -> None:
    assert pixels_in(body) == 0


def test_a_clients_id_is_taken_out() -> None:
    request = request_with(b"{}", HEAD + b"X-Request-Id: me-1\r\n")
    assert without_id(request, end_of_head(request)) == (request_with(b"{}"), b"me-1")


@pytest.mark.parametrize(
    "request_",
    [
        request_with(b"{}"),
        request_with(b"{}", HEAD + b"X-Request-ID: no id\r\n"),
        request_with(b"\r\nx-request-id: me\r\n"),
        HEAD + b"X: " + b"a" * 5000 + b"\r\nX-Request-ID: late\r\n\r\n",
    ],
    ids=["none", "malformed", "in the body", "too far"],
)
def test_a_request_without_an_id_stays_as_it_is(request_: bytes) -> None:
    assert without_id(request_, end_of_head(request_)) == (request_, None)
