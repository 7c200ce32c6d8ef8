"""The normalised picture as a file, to show people what the models see."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """Return a greyscale PNG of a uint8 picture (h, w)."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
