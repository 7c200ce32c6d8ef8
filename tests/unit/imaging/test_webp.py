import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mnist_api.errors import ImageTooLarge
from mnist_api.imaging.decode import Limits, decode
from mnist_api.imaging.webp import webp_pixel_count


def webp(width: int, height: int, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((height, width), 9, np.uint8)).save(file, "WEBP", **options)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"xmp": b"x"}, {"exif": b"Exif\0\0"}])
@given(width=st.integers(1, 300), height=st.integers(1, 300))
def test_sides_are_read_as_pillow_reads_them(
    options: dict[str, object], width: int, height: int
) -> None:
    assert webp_pixel_count(webp(width, height, **options)) == width * height


@given(st.binary(max_size=64))
def test_what_is_no_header_has_no_pixels(rest: bytes) -> None:
    assert webp_pixel_count(rest) == 0
    assert webp_pixel_count(b"RIFF\0\0\0\0WEBPVP8?" + rest) == 0


def test_a_canvas_that_is_too_large_is_refused_before_there_is_room_made_for_it() -> None:
    bomb = bytearray(webp(16, 16, lossless=True))
    bomb[21:25] = (0x0FFFFFFF).to_bytes(4, "little")
    with pytest.raises(ImageTooLarge):
        decode(bytes(bomb), Limits(max_pixels=25_000_000, max_frames=4))
