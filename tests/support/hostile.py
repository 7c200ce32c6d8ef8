"""Bodies made to hurt, too large or too regular to be kept as files."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Hostile:
    """One body and the refusal it must meet."""

    make: Callable[[], bytes]
    content_type: str
    status: int
    code: str


def png(width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 0) -> bytes:
    """Return a PNG whose header may promise anything."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(rows, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def png_bomb() -> bytes:
    """400 million pixels in 0.4 MB."""
    return png(20_000, 20_000, bytes(20_001) * 20_000)


def gif_of_frames(count: int) -> bytes:
    """An animation whose every frame is one pixel."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 28, 28, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return screen + frame * count + b"\x3b"


def tiff_of_pages(count: int) -> bytes:
    """A document of many one-pixel pages, chained as TIFF chains them."""
    file = io.BytesIO()
    page = Image.new("L", (1, 1))
    page.save(file, "TIFF", save_all=True, append_images=[page] * (count - 1))
    return file.getvalue()


def webp_of_frames(count: int) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("L", (8, 8), shade % 256) for shade in range(count)]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    return file.getvalue()


def bmp_of(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + header


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG whose frame header promises a size that its data does not have."""
    file = io.BytesIO()
    Image.new("L", (16, 16), 200).save(file, "JPEG")
    content = bytearray(file.getvalue())
    start = content.index(b"\xff\xc0")
    content[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def noise_after(signature: bytes, seed: int) -> bytes:
    return signature + np.random.default_rng(seed).bytes(5000)


def _json_of(size: int) -> bytes:
    return b'{"image":"' + b"A" * size + b'"}'


JSON = "application/json"
BODIES: dict[str, Hostile] = {
    "11 MB of JSON": Hostile(lambda: _json_of(11 * MEGABYTE), JSON, 413, "body_too_large"),
    "11 MB of zeros as a PNG": Hostile(
        lambda: bytes(11 * MEGABYTE), "image/png", 413, "body_too_large"
    ),
    "9 MB of base64 of zeros": Hostile(lambda: _json_of(9 * MEGABYTE), JSON, 422, "not_an_image"),
    "9 MB of opening brackets": Hostile(
        lambda: b"[" * (9 * MEGABYTE), JSON, 400, "invalid_request"
    ),
    "PNG bomb": Hostile(png_bomb, "image/png", 413, "image_too_large"),
    "PNG of 2^31 by 2^31": Hostile(
        lambda: png(2**31 - 1, 2**31 - 1, b"\0"), "image/png", 413, "image_too_large"
    ),
    "PNG of no width": Hostile(lambda: png(0, 28, b"\0"), "image/png", 422, "not_an_image"),
    "PNG with one row of many": Hostile(
        lambda: png(1000, 1000, bytes(1001)), "image/png", 422, "no_digit"
    ),
    "PNG of an unknown colour type": Hostile(
        lambda: png(28, 28, bytes(29 * 28), colour=9), "image/png", 422, "not_an_image"
    ),
    "GIF of 10,000 frames": Hostile(
        lambda: gif_of_frames(10_000), "image/gif", 413, "image_too_large"
    ),
    "GIF of 500,000 frames": Hostile(
        lambda: gif_of_frames(500_000), "image/gif", 413, "image_too_large"
    ),
    "TIFF of 1,000 pages": Hostile(
        lambda: tiff_of_pages(1000), "image/tiff", 413, "image_too_large"
    ),
    "WebP of 200 frames": Hostile(
        lambda: webp_of_frames(200), "image/webp", 413, "image_too_large"
    ),
    "BMP of 2 billion pixels": Hostile(
        lambda: bmp_of(50_000, 50_000), "image/bmp", 413, "image_too_large"
    ),
    "BMP of negative width": Hostile(lambda: bmp_of(-5, 5), "image/bmp", 413, "image_too_large"),
    "JPEG of 65,000 by 65,000": Hostile(
        lambda: jpeg_of(65_000, 65_000), "image/jpeg", 413, "image_too_large"
    ),
    **{
        f"noise after the signature of {name}": Hostile(
            lambda signature=signature: noise_after(signature, 7),  # type: ignore[misc]
            "application/octet-stream",
            422,
            "not_an_image",
        )
        for name, signature in {
            "PNG": b"\x89PNG\r\n\x1a\n",
            "JPEG": b"\xff\xd8\xff\xe0",
            "GIF": b"GIF89a",
            "BMP": b"BM",
            "TIFF, little-endian": b"II*\0",
            "TIFF, big-endian": b"MM\0*",
            "WebP": b"RIFF\xff\xff\x00\x00WEBPVP8 ",
        }.items()
    },
}
