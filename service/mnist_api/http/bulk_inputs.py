"""Many images in one request: files in a zip, pictures in a numpy array."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import numpy as np
from numpy.lib import format as numpy_format
from numpy.typing import NDArray

from mnist_api.errors import ApiError, BatchTooLarge, BodyTooLarge, InvalidRequest
from mnist_api.imaging.encode import encode_png

ZIP_MAGIC: Final = b"PK\x03\x04"
NPY_MAGIC: Final = b"\x93NUMPY"
_NOTES_OF_A_MAC: Final = "__MACOSX/"
_HEADERS: Final[Mapping[tuple[int, int], Any]] = {
    (1, 0): numpy_format.read_array_header_1_0,
    (2, 0): numpy_format.read_array_header_2_0,
}


def check_count(count: int, most: int) -> None:
    """Refuse an empty request and one of too many images.

    Raises:
        InvalidRequest, BatchTooLarge
    """
    if count == 0:
        raise InvalidRequest("the request has no image")
    if count > most:
        raise BatchTooLarge(f"{count} images are more than the {most} that a request may hold")


def images_of_zip(body: bytes, most_images: int, most_bytes: int) -> list[bytes]:
    """Return the files of a zip, or the pictures of the one array of an `.npz`.

    Args:
        body: the archive.
        most_images: how many files it may hold.
        most_bytes: how many bytes they may hold together, unpacked.

    Raises:
        InvalidRequest: it is no zip, a damaged one, or one with a password.
        BatchTooLarge, BodyTooLarge: it holds more than that.
    """
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            entries = [entry for entry in archive.infolist() if _is_image(entry)]
            check_count(len(entries), most_images)
            files = _unpacked(archive, entries, most_bytes)
    except ApiError:
        raise
    # NOTE: zipfile raises what it trips over on damaged archives (zlib.error, IndexError,
    # RuntimeError for a password, ...). Only bytes enter this block, so all of it is the client's.
    except Exception as error:
        raise InvalidRequest(f"the zip cannot be read: {error}") from error
    if len(files) == 1 and files[0].startswith(NPY_MAGIC):
        return images_of_npy(files[0], most_images)
    return files


def _is_image(entry: zipfile.ZipInfo) -> bool:
    return not entry.is_dir() and not entry.filename.startswith(_NOTES_OF_A_MAC)


def _unpacked(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], most_bytes: int
) -> list[bytes]:
    files, left = [], most_bytes
    for entry in entries:
        with archive.open(entry) as file:
            # What is announced may be a lie: one byte more than allowed tells.
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise BodyTooLarge(f"the zip unpacks to more than {most_bytes} bytes")
        files.append(content)
    return files


def images_of_npy(body: bytes, most_images: int) -> list[bytes]:
    """Return the pictures of an `.npy` array as image files.

    Args:
        body: an array of uint8, or of floats in 0 to 1: (n, h, w), or (n, h, w, 3) in colour.
        most_images: the largest n.

    Raises:
        InvalidRequest: it is no such array.
        BatchTooLarge: n is too large.
    """
    array = _array(body)
    is_colour = array.ndim == 4 and array.shape[3] == 3
    if not (array.ndim == 3 or is_colour) or 0 in array.shape[1:]:
        raise InvalidRequest(f"the array's shape is {array.shape}, not (n, h, w) or (n, h, w, 3)")
    check_count(len(array), most_images)
    if np.issubdtype(array.dtype, np.floating):
        if not (float(array.min()) >= 0 and float(array.max()) <= 1):
            raise InvalidRequest("the array's floats do not lie in 0 to 1")
        array = np.rint(array * 255)
    elif array.dtype != np.uint8:
        raise InvalidRequest(f"the array holds {array.dtype}, not uint8 or floats")
    pictures: NDArray[np.uint8] = np.ascontiguousarray(array, np.uint8)
    return [encode_png(picture) for picture in pictures]


def _array(body: bytes) -> NDArray[Any]:
    """Read an array without room for more than the body holds, whatever its header says."""
    file = BytesIO(body)
    try:
        read_header = _HEADERS[numpy_format.read_magic(file)]
        shape, in_columns, dtype = read_header(file)
        # Refuses arrays of Python objects, whose reading would run what they say.
        values = np.frombuffer(body, dtype, offset=file.tell())
        return values.reshape(shape, order="F" if in_columns else "C")
    # Of damaged headers numpy's parser raises what it trips over: SyntaxError, TypeError, ...
    except Exception as error:
        raise InvalidRequest(f"the array cannot be read: {error}") from error
