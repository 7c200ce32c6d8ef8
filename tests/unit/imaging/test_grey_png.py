import io
import zlib
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from benchmarks.stages import png_of
from mnist_api.errors import NotAnImage
from mnist_api.imaging.decode import Limits, decode
from mnist_api.imaging.grey_png import read_grey_png

LIMITS = Limits(max_pixels=1_000_000, max_frames=4)


def chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))


def png_with(lines: bytes) -> bytes:
    header = chunk(b"IHDR", pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    )


def by_pillow(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_digits_are_read_as_pillow_reads_them(digits: dict[str, NDArray[np.uint8]]) -> None:
    for digit in digits["train_images"]:
        pixels = read_grey_png(png_of(digit))
        assert pixels is not None
        assert (pixels == digit).all()


@given(st.lists(st.integers(0, 4), min_size=28, max_size=28), st.integers(0, 2**32))
def test_every_filter_is_undone_as_pillow_does(filters: list[int], seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (28, 29)).astype(np.uint8)
    noise[:, 0] = filters
    data = png_with(noise.tobytes())
    pixels = read_grey_png(data)
    assert pixels is not None
    assert (pixels == by_pillow(data)).all()


@pytest.mark.parametrize("lines", [b"", bytes(811), b"\5" + bytes(811)])
def test_too_little_and_unknown_filters_are_left_to_pillow(lines: bytes) -> None:
    assert read_grey_png(png_with(lines)) is None


@pytest.mark.parametrize("lines", [bytes(813), bytes(10_000_000)])
def test_of_too_much_only_the_picture_is_read_as_by_pillow(lines: bytes) -> None:
    data = png_with(b"\0\7" + lines)
    pixels = read_grey_png(data)
    assert pixels is not None
    assert (pixels == by_pillow(data)).all()


def test_what_follows_the_end_is_ignored_as_by_pillow() -> None:
    data = png_of(np.eye(28, dtype=np.uint8)) + b"\0\0"
    pixels = read_grey_png(data)
    assert pixels is not None
    assert (pixels == by_pillow(data)).all()


@given(st.data())
def test_whatever_byte_is_wrong_the_file_is_left_to_pillow(draw: st.DataObject) -> None:
    data = bytearray(png_of(np.arange(784, dtype=np.uint8).reshape(28, 28)))
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= draw.draw(st.integers(1, 255))
    assert read_grey_png(bytes(data)) is None


@given(st.integers(0, 1000))
def test_a_cut_file_is_left_to_pillow(length: int) -> None:
    data = png_of(np.arange(784, dtype=np.uint8).reshape(28, 28))
    assert read_grey_png(data[: min(length, len(data) - 1)]) is None


def test_a_wrong_checksum_is_refused_as_ever() -> None:
    data = bytearray(png_of(np.zeros((28, 28), np.uint8)))
    data[-20] ^= 1
    with pytest.raises(NotAnImage):
        decode(bytes(data), LIMITS)
