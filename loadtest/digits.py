"""Held-out digits as the files that clients send, with what each of them is."""

import io
import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DIGITS = Path(__file__).resolve().parents[1] / "weights" / "digits.npz"
DRAWING_SIDE = 112  # as the page sends it
_IHDR_END = 8 + 25  # signature and header chunk of every PNG


@dataclass(frozen=True)
class Digit:
    """One held-out digit: pixels uint8 (28, 28), ink bright on 0, and what it shows."""

    pixels: NDArray[np.uint8]
    label: int

    @cached_property
    def png(self) -> bytes:
        """The digit as MNIST has it."""
        return png(self.pixels)

    @cached_property
    def drawn(self) -> bytes:
        """The digit as the page sends it, whole."""
        return self.drawing()

    def unlike_any_other(self, number: int) -> bytes:
        """Return the same picture in a file with a numbered comment: no cache knows its bytes."""
        content = self.png
        data = b"tEXt" + b"Comment\0" + str(number).encode()
        chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
        return content[:_IHDR_END] + chunk + content[_IHDR_END:]

    def drawing(self, share: float = 1.0) -> bytes:
        """Return a PNG as the page sends it: dark on white, 112x112, a share of the ink drawn yet.

        Ink appears from the top to the bottom, as most strokes of digits go.
        """
        rows = self.pixels.sum(axis=1, dtype=np.int64)
        drawn = int(np.searchsorted(np.cumsum(rows), share * rows.sum())) + 1
        pixels = np.where(np.arange(28)[:, None] < drawn, self.pixels, 0).astype(np.uint8)
        size = (DRAWING_SIDE, DRAWING_SIDE)
        large = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
        return png(255 - large)


def held_out(count: int, seed: int = 2018) -> list[Digit]:
    """Return that many different digits, none of which any model learnt from."""
    with np.load(DIGITS, allow_pickle=False) as arrays:
        images, labels = arrays["holdout_images"], arrays["holdout_labels"]
    chosen = np.random.default_rng(seed).permutation(len(labels))[:count]
    return [Digit(images[index], int(labels[index])) for index in chosen]


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return an 8-bit greyscale PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def text(content: bytes) -> str:
    """Return a file in base64."""
    return b64encode(content).decode()
