"""Digits as people send them: one row of the accuracy table a function.

Every row takes MNIST digits, uint8 (n, 28, 28), bright on 0, and a generator, and returns the n
image files that a client would send. The same generator state gives the same files.
"""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.uint8]
Random = np.random.Generator
Row = Callable[[Pixels, Random], list[bytes]]

ROWS: dict[str, Row] = {}


def _row(name: str) -> Callable[[Callable[[Pixels, Random], bytes]], Row]:
    """Register a function of one digit, uint8 (28, 28), as a row under the name."""

    def register(distort: Callable[[Pixels, Random], bytes]) -> Row:
        def row(digits: Pixels, rng: Random) -> list[bytes]:
            return [distort(digit, rng) for digit in digits]

        ROWS[name] = row
        return row

    return register


def png(pixels: Pixels) -> bytes:
    """Return a PNG of a picture (h, w), or (h, w, 4) with transparency."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def jpeg(pixels: Pixels, quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def enlarged(digit: Pixels, side: int) -> Pixels:
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


def noisy(pixels: NDArray[np.generic], sigma: float, rng: Random) -> Pixels:
    return np.clip(pixels + rng.normal(0, sigma, pixels.shape), 0, 255).astype(np.uint8)


def shaded(paper: NDArray[np.generic], rng: Random) -> NDArray[np.float64]:
    """Let light fall from one side, half as strong at the other, and a little less in corners."""
    height, width = paper.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * x + np.sin(angle) * y
    light = 0.7 + 0.25 * across / np.abs(across).max() - 0.05 * (x * x + y * y)
    return paper * light


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


@_row("as is")
def as_is(digit: Pixels, _: Random) -> bytes:
    return png(digit)


@_row("inverted")
def inverted(digit: Pixels, _: Random) -> bytes:
    return png(255 - digit)


@_row("off-centre at 28 px")
def off_centre(digit: Pixels, rng: Random) -> bytes:
    return png(np.roll(digit, tuple(rng.integers(-4, 5, 2).tolist()), (0, 1)))


@_row("280 px on a 400 px canvas")
def on_canvas(digit: Pixels, rng: Random) -> bytes:
    return png(somewhere(enlarged(digit, 280), 400, rng))


@_row("280 px, inverted")
def large_inverted(digit: Pixels, _: Random) -> bytes:
    return png(255 - enlarged(digit, 280))


@_row("1000 px")
def huge(digit: Pixels, rng: Random) -> bytes:
    return png(somewhere(enlarged(digit, 600), 1000, rng))


@_row("small in a corner")
def small_in_a_corner(digit: Pixels, rng: Random) -> bytes:
    top, left = rng.choice([4, 88], 2).tolist()
    return png(on_paper(digit, 120, top, left))


@_row("small on a 1000 px canvas")
def small_on_a_large_canvas(digit: Pixels, rng: Random) -> bytes:
    return png(somewhere(enlarged(digit, 90), 1000, rng))


@_row("cut out tightly")
def cut_out_tightly(digit: Pixels, _: Random) -> bytes:
    box = Image.fromarray(digit).getbbox()
    tight = Image.fromarray(255 - digit).crop(box)
    large = tight.resize((tight.width * 5, tight.height * 5), Image.Resampling.BICUBIC)
    return png(np.asarray(large))


@_row("pale ink")
def pale(digit: Pixels, rng: Random) -> bytes:
    return png((200 - somewhere(digit, 40, rng) / 255 * -50 - 50).astype(np.uint8))


@_row("JPEG quality 30 on a canvas")
def jpeg_on_canvas(digit: Pixels, rng: Random) -> bytes:
    return jpeg(somewhere(enlarged(digit, 280), 400, rng), 30)


@_row("JPEG quality 30 at 28 px")
def jpeg_small(digit: Pixels, _: Random) -> bytes:
    return jpeg(255 - digit, 30)


def _on_nothing(digit: Pixels, ink: tuple[int, int, int]) -> bytes:
    alpha = enlarged(digit, 140)
    colours = np.empty((140, 140, 4), np.uint8)
    colours[..., :3] = ink
    colours[..., 3] = alpha
    return png(colours)


@_row("RGBA, dark ink")
def dark_on_nothing(digit: Pixels, rng: Random) -> bytes:
    return _on_nothing(digit, tuple(rng.integers(0, 90, 3).tolist()))


@_row("RGBA, light ink")
def light_on_nothing(digit: Pixels, rng: Random) -> bytes:
    return _on_nothing(digit, tuple(rng.integers(170, 256, 3).tolist()))


@_row("noise of sigma 25 at 28 px")
def noise_25(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(digit, 25, rng))


@_row("noise of sigma 50 at 28 px")
def noise_50(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(digit, 50, rng))


@_row("noise of sigma 25, inverted")
def noise_25_inverted(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(255 - digit, 25, rng))


@_row("noise of sigma 50, 280 px")
def noise_50_large(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(255 - enlarged(digit, 280), 50, rng))


@_row("salt and pepper, 280 px")
def salt_and_pepper(digit: Pixels, rng: Random) -> bytes:
    paper = on_paper(enlarged(digit, 280), 300, 10, 10)
    hit = rng.random(paper.shape) < 0.02
    paper[hit] = rng.choice(np.array([0, 255], np.uint8), hit.sum())
    return png(paper)


@_row("shaded like a photograph")
def shaded_paper(digit: Pixels, rng: Random) -> bytes:
    return png(shaded(on_paper(enlarged(digit, 280), 300, 10, 10), rng).astype(np.uint8))


@_row("shaded at 28 px")
def shaded_small(digit: Pixels, rng: Random) -> bytes:
    return png(shaded(255 - digit, rng).astype(np.uint8))


@_row("photograph")
def photograph(digit: Pixels, rng: Random) -> bytes:
    side = int(rng.integers(150, 320))
    sheet = Image.fromarray(somewhere(enlarged(digit, side), 400, rng))
    return jpeg(seen_by_a_camera(sheet, rng), 70)


@_row("photograph, the table showing")
def photograph_with_table(digit: Pixels, rng: Random) -> bytes:
    sheet = Image.fromarray(on_paper(enlarged(digit, 240), 400, 80, 80))
    table = tuple(rng.integers(10, 50, 4).tolist())
    for edge, width in enumerate(table):
        if rng.random() < 0.5:
            box = [(0, 0, 400, width), (400 - width, 0, 400, 400)]
            box += [(0, 400 - width, 400, 400), (0, 0, width, 400)]
            sheet.paste(60, box[edge])
    return jpeg(seen_by_a_camera(sheet, rng), 70)


@_row("drawn by finger")
def drawn_by_finger(digit: Pixels, rng: Random) -> bytes:
    """Thicken strokes to twice their width with round ends, as a finger on glass draws."""
    large = Image.fromarray(np.pad(enlarged(digit, 240), 30))
    spread = large.filter(ImageFilter.GaussianBlur(rng.uniform(4, 9)))
    crisp = spread.point(lambda value: 255 if value > 60 else 0)
    smooth = crisp.filter(ImageFilter.GaussianBlur(1))
    return png(255 - np.asarray(smooth))


@_row("drawn with a fine pen")
def drawn_with_a_fine_pen(digit: Pixels, _: Random) -> bytes:
    large = Image.fromarray(np.pad(enlarged(digit, 240), 30))
    thin = large.filter(ImageFilter.GaussianBlur(4)).point(lambda value: 255 if value > 160 else 0)
    return png(255 - np.asarray(thin.filter(ImageFilter.GaussianBlur(0.7))))


@_row("screenshot with a frame")
def screenshot(digit: Pixels, rng: Random) -> bytes:
    """A window's frame, at the very edge or a few pixels inside, or a title bar."""
    window = Image.fromarray(on_paper(enlarged(digit, 200), 300, 60, 50))
    draw = ImageDraw.Draw(window)
    inset, width = int(rng.integers(0, 8)), int(rng.integers(1, 7))
    shade = int(rng.integers(30, 170))
    draw.rectangle((inset, inset, 299 - inset, 299 - inset), outline=shade, width=width)
    if rng.random() < 0.3:
        draw.rectangle((inset, inset, 299 - inset, inset + 28), fill=shade)
    return png(np.asarray(window))


@_row("dark mode with a frame")
def dark_screenshot(digit: Pixels, rng: Random) -> bytes:
    window = np.frombuffer(b"", np.uint8)
    window = 30 + (enlarged(np.pad(digit, 4), 300) * 0.8).astype(np.uint8)
    width = int(rng.integers(1, 7))
    framed = np.full((300, 300), int(rng.integers(90, 220)), np.uint8)
    framed[width:-width, width:-width] = window[width:-width, width:-width]
    return png(framed)
