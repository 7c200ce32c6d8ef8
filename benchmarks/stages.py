"""The stages of a prediction one by one, in this process and on one thread."""

import io
from base64 import b64encode
from collections.abc import Callable, Iterator
from timeit import Timer

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_api.http.inputs import BulkLimits, parse_request
from mnist_api.imaging.decode import Limits, decode
from mnist_api.imaging.normalise import normalise
from mnist_api.models.catalog import Catalog

LIMITS = Limits(max_pixels=25_000_000, max_frames=32)
BULK = BulkLimits(images=1024, bytes=10 << 20)


def png_of(pixels: NDArray[np.uint8], compress_level: int = -1) -> bytes:
    """Return an 8-bit greyscale PNG; at level 1 in half the time that zlib's own choice takes."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=compress_level)
    return file.getvalue()


def microseconds(call: Callable[[], object]) -> float:
    """Return the time of one call: the best of seven runs, which noise can only lengthen."""
    timer = Timer(call)
    number, _ = timer.autorange()
    number = max(1, number // 2)
    return min(timer.repeat(7, number)) / number * 1e6


def on_canvas(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the digit dark on white, ten times as large, in a 400x400 canvas."""
    large = np.asarray(Image.fromarray(digit).resize((280, 280), Image.Resampling.BICUBIC))
    canvas = np.full((400, 400), 255, np.uint8)
    canvas[70:350, 40:320] = 255 - large
    return canvas


def measure_stages(catalog: Catalog, digit: NDArray[np.uint8]) -> Iterator[tuple[str, float]]:
    """Yield the name of each stage and its microseconds for one digit, uint8 (28, 28)."""
    png, inverted = png_of(digit), 255 - digit
    canvas = on_canvas(digit)
    canvas_png = png_of(canvas)
    body = b'{"model":"cnn","image":"' + b64encode(png) + b'"}'
    yield "JSON and base64", microseconds(lambda: parse_request("application/json", body, {}, BULK))
    yield "decode PNG 28x28", microseconds(lambda: decode(png, LIMITS))
    yield "decode PNG 400x400", microseconds(lambda: decode(canvas_png, LIMITS))
    yield "normalise, MNIST-like", microseconds(lambda: normalise(digit))
    yield "normalise 28x28, inverted", microseconds(lambda: normalise(inverted))
    yield "normalise 280x280", microseconds(lambda: normalise(canvas[70:350, 40:320]))
    yield "normalise 400x400", microseconds(lambda: normalise(canvas))
    for model in catalog:
        predict = model.runtime.predict
        yield f"infer {model.name}", microseconds(lambda p=predict: p(digit[np.newaxis]))
