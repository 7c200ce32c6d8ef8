"""From an image file's bytes to luminance, with every limit checked before anything is decoded."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mnist_api.errors import ApiError, ImageTooLarge, NotAnImage
from mnist_api.imaging.frames import gif_has_more_frames_than
from mnist_api.imaging.grey_png import read_grey_png
from mnist_api.imaging.webp import webp_pixel_count

# What Pillow warns of is in a client's file. On stderr it would be no JSON, and Python keeps each
# wording, with the file's numbers in it, for ever.
warnings.filterwarnings("ignore", module=r"PIL\.")

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
# What follows works on 28x28: of a large image a fraction of the pixels says it all. Four times the
# 140 px that a digit of a fifth of the image's width needs to keep 28.
_LONG_SIDE = 560
# Alpha-weighted standard deviation of luminance under which all visible pixels are one ink.
_ONE_INK = 40.0

# So many pixels a side tell which colours there are.
_SAMPLE = 64
_LUMINANCE = np.array([0.299, 0.587, 0.114])
# The share of all variance of colour to that of luminance above which luminance shows too little.
_MISSED = 4.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What an image may announce in its header."""

    max_pixels: int
    max_frames: int


class Opened(msgspec.Struct, frozen=True):
    """An image whose header was read and allowed, not decoded yet."""

    pixel_count: int
    _decode: Callable[[], NDArray[np.uint8]]

    def decode(self) -> NDArray[np.uint8]:
        """Return luminance, uint8 (h, w), upright, at most 560 px or so on the long side.

        Raises:
            NotAnImage: the data behind the header is damaged.
        """
        # NOTE: Pillow's decoders raise whatever they trip over on hostile data (struct.error,
        # IndexError, zlib.error, ...). Only bytes enter this block, so all of it is the client's.
        try:
            return self._decode()
        except Exception as error:
            raise NotAnImage(f"the image is damaged: {error}") from error


def open_image(data: bytes, limits: Limits) -> Opened:
    """Read an image's header.

    Raises:
        NotAnImage: the bytes are in no format that the service decodes.
        ImageTooLarge: the header announces more pixels or frames than the limits allow.
    """
    pixels = read_grey_png(data)
    if pixels is not None and pixels.size <= limits.max_pixels:
        return Opened(pixels.size, lambda: pixels)
    if webp_pixel_count(data) > limits.max_pixels:
        raise ImageTooLarge(_too_many_pixels(limits))
    try:
        image = Image.open(BytesIO(data), formats=_FORMATS)
        _check_limits(image, data, limits)
    except ApiError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(_too_many_pixels(limits)) from error
    except Exception as error:  # see the NOTE above
        raise NotAnImage("the bytes are no PNG, JPEG, WebP, GIF, BMP or TIFF image") from error
    return Opened(image.width * image.height, partial(_decode, image))


def decode(data: bytes, limits: Limits) -> NDArray[np.uint8]:
    """Open and decode in one call; see `open_image` and `Opened.decode`."""
    return open_image(data, limits).decode()


def _too_many_pixels(limits: Limits) -> str:
    return f"the image has more than the {limits.max_pixels} pixels that the service decodes"


def _check_limits(image: Image.Image, data: bytes, limits: Limits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise ImageTooLarge(_too_many_pixels(limits))
    if _has_more_frames_than(limits.max_frames, image, data):
        raise ImageTooLarge(
            f"the image has more than the {limits.max_frames} frames that the service accepts"
        )


def _has_more_frames_than(most: int, image: Image.Image, data: bytes) -> bool:
    if image.format == "GIF":
        # Pillow would decode its way through: 5 s for half a million frames of one pixel.
        return gif_has_more_frames_than(most, data)
    if image.format == "TIFF":
        return _tiff_has_more_pages_than(most, image)
    return int(getattr(image, "n_frames", 1)) > most


def _tiff_has_more_pages_than(most: int, image: Image.Image) -> bool:
    try:
        image.seek(most)
    except EOFError:
        image.seek(0)
        return False
    return True


def _decode(image: Image.Image) -> NDArray[np.uint8]:
    image.draft(None, (_LONG_SIDE, _LONG_SIDE))  # JPEG only: decodes at a half, quarter or eighth
    image.load()
    if image.info.get("exif"):
        image = ImageOps.exif_transpose(image)
    return _reduced(_luminance(image))


def _reduced(image: Image.Image) -> NDArray[np.uint8]:
    factor = -(-max(image.size) // _LONG_SIDE)
    return np.asarray(image.reduce(factor) if factor > 1 else image)


def _luminance(image: Image.Image) -> Image.Image:
    """Return the image in mode L."""
    if image.mode.startswith(("I", "F")):
        return _stretched(np.asarray(image, np.float32))
    if image.has_transparency_data:
        return _composited(image.convert("RGBA"))
    return image if image.mode == "L" else _contrasting(image.convert("RGB"))


def _contrasting(image: Image.Image) -> Image.Image:
    """Return the luminance of an RGB image, or the mix of its channels that shows its ink.

    Red ink on green paper may have the paper's luminance. Colours vary most from ink to paper: that
    direction, the first principal component, is the mix, where luminance misses most of it.
    """
    sample = np.asarray(image.resize((_SAMPLE, _SAMPLE), Image.Resampling.NEAREST), np.float32)
    colours = sample.reshape(-1, 3)
    mean = colours.mean(axis=0)
    covariance = np.cov(colours - mean, rowvar=False)
    variances, directions = np.linalg.eigh(covariance)
    of_luminance = _LUMINANCE @ covariance @ _LUMINANCE / (_LUMINANCE @ _LUMINANCE)
    if variances[-1] <= _MISSED * of_luminance:
        return image.convert("L")
    # Half, because the corners of the cube of colours are up to 442 apart.
    mix = directions[:, -1] / 2
    offset = 128.0 - float(mean @ mix)
    return image.convert("L", (*mix.tolist(), offset))


def _stretched(values: NDArray[np.float32]) -> Image.Image:
    """Scale what has more than 8 bits by the range that is used, known only from the data."""
    values = np.nan_to_num(values)
    low, high = float(values.min()), float(values.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return Image.fromarray(((values - low) * scale).astype(np.uint8))


def _composited(image: Image.Image) -> Image.Image:
    """Lay an image with transparency on the background on which its ink shows.

    Where all that is visible has one luminance, the alpha channel is the drawing and its background
    the opposite. Otherwise what is visible holds both ink and paper, and most of it is paper.
    """
    luminance = image.convert("L")
    alpha = image.getchannel("A")
    opacity = np.asarray(alpha, np.float32) / 255
    shades = np.asarray(luminance, np.float32)
    visible = float(opacity.sum())
    if visible == 0:
        return Image.new("L", image.size)
    mean = float((shades * opacity).sum()) / visible
    spread = float((np.square(shades - mean) * opacity).sum() / visible) ** 0.5
    if spread < _ONE_INK:
        background = 255 if mean < 128 else 0
    else:
        background = int(np.median(shades[opacity > 0.5])) if opacity.max() > 0.5 else 0
    return Image.composite(luminance, Image.new("L", image.size, background), alpha)
