import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_api.errors import InvalidBase64
from mnist_api.http.base64_image import decode_base64


@given(st.binary())
def test_base64_is_undone(data: bytes) -> None:
    assert decode_base64(base64.b64encode(data).decode()) == data


@given(st.binary(min_size=1), st.data())
def test_wrapping_prefix_alphabet_and_padding_do_not_matter(
    data: bytes, draw: st.DataObject
) -> None:
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    at = draw.draw(st.integers(0, len(text)))
    space = draw.draw(st.sampled_from([" ", "\n", "\r\n", "\t"]))
    assert decode_base64("data:image/png;base64," + text[:at] + space + text[at:]) == data


@given(st.text())
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        decode_base64(text)
    except InvalidBase64 as error:
        assert error.status == 422


@pytest.mark.parametrize("text", ["A", "AAAAA", "A=AA", "#", "AA\0A", "é"])
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidBase64):
        decode_base64(text)
