"""Digits as people send them: one row of the accuracy table a function."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from mnist_api.training.sent_files import (
    Pixels,
    Random,
    coloured,
    enlarged,
    jpeg,
    noisy,
    on_paper,
    png,
    redrawn,
    seen_by_a_camera,
    shaded,
    somewhere,
    two_colours,
)

Row = Callable[[Pixels, Random], bytes]

ROWS: dict[str, Row] = {}
"""Functions of one digit, uint8 (28, 28), bright on 0, to the file that a client would send."""


def _row(name: str) -> Callable[[Row], Row]:
    def register(row: Row) -> Row:
        ROWS[name] = row
        return row

    return register


@_row("as is")
def _as_is(digit: Pixels, _: Random) -> bytes:
    return png(digit)


@_row("inverted")
def _inverted(digit: Pixels, _: Random) -> bytes:
    return png(255 - digit)


@_row("off-centre at 28 px")
def _off_centre(digit: Pixels, rng: Random) -> bytes:
    return png(np.roll(digit, tuple(rng.integers(-4, 5, 2).tolist()), (0, 1)))


@_row("280 px on a 400 px canvas")
def _on_canvas(digit: Pixels, rng: Random) -> bytes:
    return png(somewhere(enlarged(digit, 280), 400, rng))


@_row("280 px, inverted")
def _large_inverted(digit: Pixels, _: Random) -> bytes:
    return png(255 - enlarged(digit, 280))


@_row("1000 px")
def _huge(digit: Pixels, rng: Random) -> bytes:
    return png(somewhere(enlarged(digit, 600), 1000, rng))


@_row("small in a corner")
def _small_in_a_corner(digit: Pixels, rng: Random) -> bytes:
    top, left = rng.choice([4, 88], 2).tolist()
    return png(on_paper(digit, 120, top, left))


@_row("small on a 1000 px canvas")
def _small_on_a_large_canvas(digit: Pixels, rng: Random) -> bytes:
    return png(somewhere(enlarged(digit, 90), 1000, rng))


@_row("cut out tightly")
def _cut_out_tightly(digit: Pixels, _: Random) -> bytes:
    box = Image.fromarray(digit).getbbox()
    tight = Image.fromarray(255 - digit).crop(box)
    large = tight.resize((tight.width * 5, tight.height * 5), Image.Resampling.BICUBIC)
    return png(np.asarray(large))


@_row("cut out tightly at its 20 px")
def _cut_out_small(digit: Pixels, _: Random) -> bytes:
    return png(np.asarray(Image.fromarray(255 - digit).crop(Image.fromarray(digit).getbbox())))


@_row("pale ink")
def _pale(digit: Pixels, rng: Random) -> bytes:
    return png((200 - somewhere(digit, 40, rng) / 255 * -50 - 50).astype(np.uint8))


@_row("JPEG quality 30 on a canvas")
def _jpeg_on_canvas(digit: Pixels, rng: Random) -> bytes:
    return jpeg(somewhere(enlarged(digit, 280), 400, rng), 30)


@_row("JPEG quality 30 at 28 px")
def _jpeg_small(digit: Pixels, _: Random) -> bytes:
    return jpeg(255 - digit, 30)


def _on_nothing(digit: Pixels, ink: tuple[int, int, int]) -> bytes:
    alpha = enlarged(digit, 140)
    colours = np.empty((140, 140, 4), np.uint8)
    colours[..., :3] = ink
    colours[..., 3] = alpha
    return png(colours)


@_row("RGBA, dark ink")
def _dark_on_nothing(digit: Pixels, rng: Random) -> bytes:
    return _on_nothing(digit, tuple(rng.integers(0, 90, 3).tolist()))


@_row("RGBA, light ink")
def _light_on_nothing(digit: Pixels, rng: Random) -> bytes:
    return _on_nothing(digit, tuple(rng.integers(170, 256, 3).tolist()))


@_row("noise of sigma 25 at 28 px")
def _noise_25(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(digit, 25, rng))


@_row("noise of sigma 50 at 28 px")
def _noise_50(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(digit, 50, rng))


@_row("noise of sigma 25, inverted")
def _noise_25_inverted(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(255 - digit, 25, rng))


@_row("noise of sigma 50, 280 px")
def _noise_50_large(digit: Pixels, rng: Random) -> bytes:
    return png(noisy(255 - enlarged(digit, 280), 50, rng))


@_row("salt and pepper, 280 px")
def _salt_and_pepper(digit: Pixels, rng: Random) -> bytes:
    paper = on_paper(enlarged(digit, 280), 300, 10, 10)
    hit = rng.random(paper.shape) < 0.02
    paper[hit] = rng.choice(np.array([0, 255], np.uint8), hit.sum())
    return png(paper)


@_row("shaded like a photograph")
def _shaded_paper(digit: Pixels, rng: Random) -> bytes:
    return png(shaded(on_paper(enlarged(digit, 280), 300, 10, 10), rng).astype(np.uint8))


@_row("shaded at 28 px")
def _shaded_small(digit: Pixels, rng: Random) -> bytes:
    return png(shaded(255 - digit, rng).astype(np.uint8))


@_row("photograph")
def _photograph(digit: Pixels, rng: Random) -> bytes:
    side = int(rng.integers(150, 320))
    sheet = Image.fromarray(somewhere(enlarged(digit, side), 400, rng))
    return jpeg(seen_by_a_camera(sheet, rng), 70)


@_row("photograph, the table showing")
def _photograph_with_table(digit: Pixels, rng: Random) -> bytes:
    sheet = Image.fromarray(on_paper(enlarged(digit, 240), 400, 80, 80))
    table = tuple(rng.integers(10, 50, 4).tolist())
    for edge, width in enumerate(table):
        if rng.random() < 0.5:
            box = [(0, 0, 400, width), (400 - width, 0, 400, 400)]
            box += [(0, 400 - width, 400, 400), (0, 0, width, 400)]
            sheet.paste(60, box[edge])
    return jpeg(seen_by_a_camera(sheet, rng), 70)


@_row("drawn by finger")
def _drawn_by_finger(digit: Pixels, rng: Random) -> bytes:
    """Strokes of up to twice their width, as a finger on glass draws."""
    return png(redrawn(digit, rng.uniform(4, 9), range(60, 161, 10)))


@_row("drawn with a fine pen")
def _drawn_with_a_fine_pen(digit: Pixels, _: Random) -> bytes:
    return png(redrawn(digit, 4, range(160, 39, -10)))


@_row("screenshot with a frame")
def _screenshot(digit: Pixels, rng: Random) -> bytes:
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
def _dark_screenshot(digit: Pixels, rng: Random) -> bytes:
    window = 30 + (enlarged(np.pad(digit, 4), 300) * 0.8).astype(np.uint8)
    width = int(rng.integers(1, 7))
    framed = np.full((300, 300), int(rng.integers(90, 220)), np.uint8)
    framed[width:-width, width:-width] = window[width:-width, width:-width]
    return png(framed)


@_row("coloured ink on coloured paper")
def _coloured_ink(digit: Pixels, rng: Random) -> bytes:
    ink, sheet = two_colours(rng, (40, 255))
    return jpeg(coloured(somewhere(enlarged(digit, 200), 300, rng), ink, sheet), 85)


@_row("colours of one luminance")
def _colours_of_one_luminance(digit: Pixels, rng: Random) -> bytes:
    ink, sheet = two_colours(rng, (0, 15))
    return jpeg(coloured(somewhere(enlarged(digit, 200), 300, rng), ink, sheet), 85)
