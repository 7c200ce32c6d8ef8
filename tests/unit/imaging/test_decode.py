import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mnist_api.errors import ApiError, ImageTooLarge, NotAnImage
from mnist_api.imaging.decode import Limits, decode, open_image
from tests.support.hostile import gif_of_frames, tiff_of_pages, webp_of_frames

LIMITS = Limits(max_pixels=1_000_000, max_frames=4)
Pixels = NDArray[np.uint8]


def picture(side: int = 40) -> Image.Image:
    """A dark L on light paper: no symmetry hides a wrong orientation."""
    pixels = np.full((side, side), 240, np.uint8)
    pixels[side // 5 : side * 4 // 5, side // 4 : side // 3] = 10
    pixels[side * 3 // 4 : side * 4 // 5, side // 4 : side * 3 // 4] = 10
    return Image.fromarray(pixels)


def file_of(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def assert_same(pixels: Pixels, expected: Image.Image, tolerance: float = 3) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.shape == (expected.height, expected.width)
    assert np.abs(pixels.astype(int) - np.asarray(expected)).mean() < tolerance


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_is_read(kind: str) -> None:
    assert_same(decode(file_of(picture(), kind), LIMITS), picture())


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA"])
def test_every_mode_of_a_png_is_read(mode: str) -> None:
    assert_same(decode(file_of(picture().convert(mode), "PNG"), LIMITS), picture())


def test_one_bit_a_pixel_is_read() -> None:
    pixels = decode(file_of(picture().convert("1"), "PNG"), LIMITS)
    assert set(np.unique(pixels)) == {0, 255}


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_the_colour_spaces_of_print_and_film_are_read(mode: str) -> None:
    assert_same(decode(file_of(picture().convert(mode), "TIFF"), LIMITS), picture())


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_ink_of_the_papers_luminance_is_told_by_its_colour(kind: str) -> None:
    shape = np.asarray(picture()) < 128
    colours = np.where(shape[..., np.newaxis], (230, 90, 20), (0, 160, 230)).astype(np.uint8)
    pixels = decode(file_of(Image.fromarray(colours), kind, quality=90), LIMITS).astype(int)
    assert abs(pixels[shape].mean() - pixels[~shape].mean()) > 80


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_by_the_range_in_use(kind: str) -> None:
    deep = Image.fromarray(np.asarray(picture()).astype(np.uint16) * 12)  # 12-bit data
    pixels = decode(file_of(deep, kind), LIMITS)
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_floats_are_scaled_and_what_is_no_number_is_nought() -> None:
    values = np.asarray(picture()).astype(np.float32) / 1000
    values[0, 0] = np.nan
    pixels = decode(file_of(Image.fromarray(values), "TIFF"), LIMITS)
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_uniform_deep_data_is_uniform() -> None:
    deep = Image.fromarray(np.full((28, 28), 999, np.uint16))
    assert not decode(file_of(deep, "PNG"), LIMITS).any()


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255), (30, 60, 200)])
def test_ink_on_a_transparent_background_stays_visible(ink: tuple[int, int, int]) -> None:
    shape = np.asarray(picture()) < 128
    drawing = np.zeros((*shape.shape, 4), np.uint8)
    drawing[..., :3] = ink
    drawing[..., 3] = shape * 255
    pixels = decode(file_of(Image.fromarray(drawing), "PNG"), LIMITS).astype(int)
    assert abs(pixels[shape].mean() - pixels[~shape].mean()) > 80


def test_paper_with_transparent_corners_keeps_its_ink_and_shade() -> None:
    drawing = picture().convert("RGBA")
    alpha = np.full((40, 40), 255, np.uint8)
    alpha[:4, :4] = alpha[-4:, -4:] = 0
    drawing.putalpha(Image.fromarray(alpha))
    assert_same(decode(file_of(drawing, "PNG"), LIMITS), picture())


def test_what_is_wholly_transparent_is_uniform() -> None:
    assert not decode(file_of(Image.new("RGBA", (28, 28)), "PNG"), LIMITS).any()


def test_ink_that_is_hardly_opaque_anywhere_is_kept() -> None:
    stripes = np.zeros((28, 28, 4), np.uint8)
    stripes[..., :3] = np.arange(28)[:, None, None] * 9
    stripes[..., 3] = 100
    assert decode(file_of(Image.fromarray(stripes), "PNG"), LIMITS).std() > 5


def test_a_transparent_palette_entry_is_background() -> None:
    indexed = picture().convert("L").point(lambda value: int(value < 128)).convert("P")
    indexed.putpalette([0, 0, 0, 0, 0, 0])
    pixels = decode(file_of(indexed, "PNG", transparency=0), LIMITS).astype(int)
    shape = np.asarray(picture()) < 128
    assert abs(pixels[shape].mean() - pixels[~shape].mean()) > 80


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_orientation_of_a_camera_is_undone(kind: str, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = picture().transpose(undo[orientation]) if orientation in undo else picture()
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert_same(decode(file_of(turned, kind, exif=exif), LIMITS), picture())


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_image_is_reduced_on_the_way(kind: str) -> None:
    pixels = decode(file_of(picture(1000), kind), LIMITS)
    assert 250 <= max(pixels.shape) <= 560
    assert_same(pixels, picture(1000).resize(pixels.shape[::-1], Image.Resampling.BOX), 6)


def test_the_size_is_known_before_decoding() -> None:
    assert open_image(file_of(picture(), "PNG"), LIMITS).pixel_count == 1600


def test_too_many_pixels_are_refused_by_the_header() -> None:
    with pytest.raises(ImageTooLarge, match="more than the 1000000 pixels"):
        open_image(file_of(Image.new("L", (1001, 1000)), "PNG"), LIMITS)


@pytest.mark.parametrize("make", [gif_of_frames, tiff_of_pages, webp_of_frames])
def test_as_many_frames_as_allowed_are_read_and_one_more_is_not(make: object) -> None:
    assert callable(make)
    assert decode(make(4), LIMITS).ndim == 2
    with pytest.raises(ImageTooLarge, match="more than the 4 frames"):
        open_image(make(5), LIMITS)


def test_of_an_animation_the_first_frame_is_read() -> None:
    animation = file_of(
        picture(), "GIF", save_all=True, append_images=[Image.new("L", (40, 40), 99)] * 2
    )
    assert_same(decode(animation, LIMITS), picture())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_truncated_file_is_refused(kind: str) -> None:
    content = file_of(picture(), kind)
    with pytest.raises(NotAnImage):
        decode(content[: len(content) // 2], LIMITS)


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7", b"<svg/>", b"GIF89a"])
def test_what_is_no_image_is_refused(content: bytes) -> None:
    with pytest.raises(NotAnImage):
        decode(content, LIMITS)


SAMPLES = [file_of(picture(), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")]


@given(st.sampled_from(SAMPLES), st.data())
@settings(max_examples=300)
def test_a_damaged_file_is_read_or_refused(sample: bytes, draw: st.DataObject) -> None:
    damaged = bytearray(sample)
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = draw.draw(st.integers(0, 255))
    try:
        decode(bytes(damaged), LIMITS)
    except ApiError as error:
        assert error.status in {413, 422}


@given(st.binary())
@example(b"II*\0" + struct.pack("<I", 8) + b"\xff" * 30)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        decode(data, LIMITS)
    except ApiError as error:
        assert error.status in {413, 422}


def test_what_pillow_warns_of_is_neither_told_nor_kept() -> None:
    file = bytearray(file_of(picture(), "TIFF"))
    directory = struct.unpack("<I", file[4:8])[0]
    bits_per_sample = directory + 2 + 2 * 12
    file[bits_per_sample + 4 : bits_per_sample + 8] = struct.pack("<I", 1000)
    program = """
import sys
from PIL import TiffImagePlugin
from mnist_api.imaging.decode import Limits, decode
decode(sys.stdin.buffer.read(), Limits(1_000_000, 4))
kept = getattr(TiffImagePlugin, "__warningregistry__", ())
print(sum(isinstance(key, tuple) for key in kept))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input=bytes(file), capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"0\n", b"")
