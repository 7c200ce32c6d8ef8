from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mnist_api.errors import ApiError, InvalidRequest
from mnist_api.http.inputs import BulkLimits, PredictRequest, parse_request

LIMITS = BulkLimits(images=8, bytes=100_000)


def test_json_to_the_letter_and_loose_json_mean_the_same() -> None:
    text = b64encode(b"picture").decode()
    strict = parse_request("application/json", f'{{"image":"{text}"}}'.encode(), {}, LIMITS)
    loose = parse_request(
        "application/json", f'{{"image":"{text[:3]}\n{text[3:]}"}}'.encode(), {}, LIMITS
    )
    assert strict == loose == PredictRequest(b"picture")


def test_of_a_form_its_fields_win_over_the_query() -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nsvm\r\n'
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="d.png"\r\n\r\nxyz\r\n'
        b"--b--\r\n"
    )
    asked = parse_request("multipart/form-data; boundary=b", body, {"model": "cnn"}, LIMITS)
    assert asked == PredictRequest(b"xyz", "svm")


@pytest.mark.parametrize(
    ("value", "meant"),
    [("true", True), ("1", True), ("", True), ("TRUE", True), ("false", False), ("0", False)],
)
def test_flags_of_the_query_are_read_as_people_write_them(value: str, meant: bool) -> None:
    asked = parse_request("image/png", b"x", {"probabilities": value, "normalised": value}, LIMITS)
    assert (asked.probabilities, asked.normalised) == (meant, meant)


def test_another_flag_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match="probabilities must be true or false, not 'maybe'"):
        parse_request("image/png", b"x", {"probabilities": "maybe"}, LIMITS)


MEDIA_TYPES = st.sampled_from(
    [None, "", "application/json", "image/png", "multipart/form-data; boundary=b", "text/plain"]
)


def test_a_wrong_flag_in_the_query_is_refused_even_where_the_body_has_its_own() -> None:
    body = b'{"image": "aGVsbG8=", "probabilities": true}'
    with pytest.raises(InvalidRequest, match="probabilities must be true or false"):
        parse_request("application/json", body, {"probabilities": "null"}, LIMITS)


@given(MEDIA_TYPES, st.binary() | st.text().map(str.encode))
@example("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: \xff\r\n\r\n\r\n--b--")
@example("application/json", b"[" * 5000)
def test_any_body_is_understood_or_refused(media_type: str | None, body: bytes) -> None:
    try:
        parse_request(media_type, body, {}, LIMITS)
    except ApiError as error:
        assert 400 <= error.status < 500
