"""Zips and arrays of many images: read within bounds, or refused."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_api.errors import ApiError, BatchTooLarge, BodyTooLarge, InvalidRequest
from mnist_api.http.bulk_inputs import images_of_npy, images_of_zip
from mnist_api.imaging.decode import Limits, decode

MOST, MOST_BYTES = 8, 100_000
PIXELS = np.random.default_rng(1).integers(0, 256, (3, 20, 30), np.uint8)


def zip_of(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy_of(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def unzip(body: bytes) -> list[bytes]:
    return images_of_zip(body, MOST, MOST_BYTES)


def test_files_of_a_zip_come_in_its_order_without_folders_and_notes() -> None:
    files = {"b.png": b"1", "folder/": b"", "folder/a.png": b"2", "__MACOSX/b.png": b"x"}
    assert unzip(zip_of(files)) == [b"1", b"2"]


@pytest.mark.parametrize("array", [PIXELS, PIXELS / 255, np.asfortranarray(PIXELS)])
def test_pictures_of_an_array_become_images(array: np.ndarray) -> None:
    images = images_of_npy(npy_of(array), MOST)
    pictures = [decode(image, Limits(10_000, 1)) for image in images]
    assert np.array_equal(pictures, PIXELS)


def test_an_array_may_have_colours() -> None:
    colours = np.repeat(PIXELS[..., np.newaxis], 3, axis=3)
    assert len(images_of_npy(npy_of(colours), MOST)) == 3


def test_an_npz_of_one_array_is_that_array() -> None:
    file = io.BytesIO()
    np.savez_compressed(file, PIXELS)
    assert unzip(file.getvalue()) == images_of_npy(npy_of(PIXELS), MOST)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (zip_of({}), InvalidRequest),
        (zip_of({f"{number}": b"" for number in range(9)}), BatchTooLarge),
        (zip_of({"bomb": bytes(MOST_BYTES + 1)}), BodyTooLarge),
        (zip_of({"half": bytes(60_000), "other half": bytes(60_000)}), BodyTooLarge),
        (zip_of({"a": b"abc" * 100})[:40], InvalidRequest),
        (zip_of({"a": b"abc"}).replace(b"KLJ", b"KLK"), InvalidRequest),
        (b"PK\x03\x04", InvalidRequest),
    ],
    # By name: a zip holds the time, and the two lanes would not find the same tests.
    ids=["empty", "many", "a bomb", "two halves", "cut short", "damaged", "a beginning"],
)
def test_a_zip_that_cannot_be_or_holds_too_much_is_refused(
    body: bytes, error: type[ApiError]
) -> None:
    with pytest.raises(error):
        unzip(body)


def test_an_encrypted_zip_is_refused() -> None:
    body = bytearray(zip_of({"a": b"abc"}))
    # The flag of encryption, in the file's own header and in the directory's.
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidRequest, match="encrypted"):
        unzip(bytes(body))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (npy_of(np.array([[[None]]]), allow_pickle=True), InvalidRequest),
        (npy_of(PIXELS.astype(np.int64)), InvalidRequest),
        (npy_of(PIXELS.astype(np.float32)), InvalidRequest),
        (npy_of(np.full((1, 2, 2), np.nan)), InvalidRequest),
        (npy_of(PIXELS[0]), InvalidRequest),
        (npy_of(PIXELS[:, :0]), InvalidRequest),
        (npy_of(PIXELS[:0]), InvalidRequest),
        (npy_of(np.zeros((9, 2, 2), np.uint8)), BatchTooLarge),
        (npy_of(PIXELS)[:-1], InvalidRequest),
        (npy_of(PIXELS) + b"x", InvalidRequest),
        (npy_of(PIXELS).replace(b"(3, 20, 30)", b"(3,2000,30)"), InvalidRequest),
        (b"\x93NUMPY\x03\x00", InvalidRequest),
    ],
)
def test_an_array_of_something_else_is_refused(body: bytes, error: type[ApiError]) -> None:
    with pytest.raises(error):
        images_of_npy(body, MOST)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_damage_raises_nothing_but_the_error_tree(at: int, damage: bytes) -> None:
    for read, body in (
        (unzip, zip_of({"a": b"abc" * 50, "b": b"d"})),
        (lambda body: images_of_npy(body, MOST), npy_of(PIXELS[:1, :9, :9])),
    ):
        at %= len(body)
        try:
            read(body[:at] + damage + body[at + len(damage) :])
        except ApiError:
            continue
