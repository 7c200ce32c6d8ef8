"""How a digit gets onto paper and in front of a camera: what the rows of the table are made of."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import label

Pixels = NDArray[np.uint8]
Random = np.random.Generator
Colour = tuple[int, int, int]


def png(pixels: Pixels) -> bytes:
    """Return a PNG of a picture (h, w), or (h, w, 4) with transparency."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def jpeg(pixels: Pixels, quality: int) -> bytes:
    """Return a JPEG of a picture (h, w), or (h, w, 3) in colour."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def enlarged(digit: Pixels, side: int) -> Pixels:
    """Return a digit as a square of so many pixels a side."""
    return np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))


def on_paper(digit: Pixels, side: int, top: int, left: int) -> Pixels:
    """Return the digit, of any size, dark on a white square of paper."""
    paper = np.full((side, side), 255, np.uint8)
    paper[top : top + len(digit), left : left + len(digit)] = 255 - digit
    return paper


def somewhere(digit: Pixels, side: int, rng: Random) -> Pixels:
    """Return the digit dark on white in any place where it fits."""
    top, left = rng.integers(0, side - len(digit) + 1, 2).tolist()
    return on_paper(digit, side, top, left)


def noisy(pixels: NDArray[np.float64] | Pixels, sigma: float, rng: Random) -> Pixels:
    """Add normal noise, cut off at black and white."""
    noise = rng.normal(0, sigma, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def shaded(paper: NDArray[np.float64] | Pixels, rng: Random) -> NDArray[np.float64]:
    """Let light fall from one side, half as strong at the other, and a little less in corners."""
    height, width = paper.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * x + np.sin(angle) * y
    light = 0.7 + 0.25 * across / np.abs(across).max() - 0.05 * (x * x + y * y)
    lit: NDArray[np.float64] = paper * light
    return lit


def seen_by_a_camera(paper: Image.Image, rng: Random) -> Pixels:
    """Tilt, blur, shade and add the noise of a sensor to a square sheet."""
    side = paper.width
    tilt = rng.uniform(0, 0.08 * side, 8) * np.array([1, 1, 1, -1, -1, -1, -1, 1])
    corners = np.array([0, 0, 0, side, side, side, side, 0]) + tilt
    sheet = paper.transform(
        paper.size, Image.Transform.QUAD, corners.tolist(), Image.Resampling.BICUBIC
    )
    soft = sheet.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))
    # Ink is no black hole and paper no lamp.
    return noisy(shaded(np.asarray(soft) * 0.8 + 35, rng), 5, rng)


def redrawn(digit: Pixels, blur: float, levels: range) -> Pixels:
    """Draw a digit anew with strokes of another width and round ends, dark on white, 300 px.

    Args:
        digit: uint8 (28, 28).
        blur: standard deviation, in pixels, that rounds the strokes.
        levels: where to cut the blurred strokes, from the width that is wanted to milder ones.
            The first is taken that breaks no line and closes no loop: a person who draws with a
            thick finger or a thin pen sees to that.
    """
    large = Image.fromarray(np.pad(enlarged(digit, 240), 30))
    rounded = np.asarray(large.filter(ImageFilter.GaussianBlur(blur)))
    shape = _parts_and_holes(np.asarray(large) > 96)
    level = next((level for level in levels if _parts_and_holes(rounded > level) == shape), 96)
    crisp = Image.fromarray(np.where(rounded > level, 0, 255).astype(np.uint8))
    return np.asarray(crisp.filter(ImageFilter.GaussianBlur(1)))


def _parts_and_holes(inked: NDArray[np.bool_]) -> tuple[int, int]:
    coarse = inked[::3, ::3]
    return label(coarse, np.ones((3, 3)))[1], label(~coarse)[1]


def coloured(paper: Pixels, ink: Colour, sheet: Colour) -> Pixels:
    """Return a picture, dark ink on white, uint8 (h, w), in two colours, uint8 (h, w, 3)."""
    share = paper[..., np.newaxis] / 255
    return (np.asarray(ink) * (1 - share) + np.asarray(sheet) * share).astype(np.uint8)


def two_colours(rng: Random, luminances: tuple[float, float]) -> tuple[Colour, Colour]:
    """Return two colours that a person tells apart, whose luminances differ by so much."""
    while True:
        first, second = rng.integers(0, 256, (2, 3))
        apart = abs(float((first - second) @ _LUMINANCE))
        if luminances[0] <= apart <= luminances[1] and np.linalg.norm(first - second) >= _APART:
            return _colour(first), _colour(second)


def _colour(values: NDArray[np.int64]) -> Colour:
    red, green, blue = values.tolist()
    return red, green, blue


_LUMINANCE = np.array([0.299, 0.587, 0.114])
_APART = 120
