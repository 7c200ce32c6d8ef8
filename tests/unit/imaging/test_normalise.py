import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import label

from mnist_api.errors import NoDigit
from mnist_api.imaging.normalise import normalise

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def some(digits: dict[str, Pixels]) -> Pixels:
    """Twenty digits of the hold-out, two of each class, without specks of MNIST's own."""
    indices = []
    for digit in range(10):
        of_class = np.flatnonzero(digits["holdout_labels"] == digit)
        whole = [
            i for i in of_class if label(digits["holdout_images"][i] > 0, np.ones((3, 3)))[1] == 1
        ]
        indices += whole[:2]
    return digits["holdout_images"][indices]


def enlarged(digit: Pixels, side: int) -> Pixels:
    return np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))


def on_paper(digit: Pixels, side: int, top: int, left: int) -> Pixels:
    canvas = np.full((side, side), 255, np.uint8)
    canvas[top : top + len(digit), left : left + len(digit)] = 255 - digit
    return canvas


def difference(first: Pixels, second: Pixels) -> float:
    """Mean difference of two pictures that may lie a pixel apart, in grey levels."""
    shifts = [
        np.roll(first, shift, (0, 1)) for shift in [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    ]
    return min(float(np.abs(shifted.astype(int) - second).mean()) for shifted in shifts)


def test_what_is_mnist_like_passes_unchanged(digits: dict[str, Pixels]) -> None:
    for digit in digits["train_images"]:
        assert normalise(digit) is digit


def test_polarity_does_not_matter(some: Pixels) -> None:
    for digit in some:
        assert difference(normalise(255 - digit), digit) < 1


def test_place_and_size_on_the_paper_do_not_matter(some: Pixels) -> None:
    for digit in some:
        for picture in (
            on_paper(enlarged(digit, 280), 400, 100, 20),
            on_paper(digit, 100, 3, 65),
            on_paper(digit, 600, 500, 10),
            on_paper(enlarged(digit, 60), 64, 2, 2),
        ):
            assert difference(normalise(picture), digit) < 12


def test_pale_ink_becomes_full_ink(some: Pixels) -> None:
    for digit in some:
        picture = normalise((200 - digit * 0.2).astype(np.uint8))
        assert picture.max() >= 250
        assert difference(picture, digit) < 4


def test_a_frame_along_the_edge_is_dropped(some: Pixels) -> None:
    for digit in some:
        framed = on_paper(enlarged(digit, 200), 300, 60, 40)
        plain = normalise(framed)
        framed[:6] = framed[-6:] = framed[:, :6] = framed[:, -6:] = 30
        assert difference(normalise(framed), plain) < 3


def test_a_frame_inside_the_edge_is_dropped(some: Pixels) -> None:
    for digit in some:
        framed = on_paper(enlarged(digit, 200), 300, 60, 40)
        plain = normalise(framed)
        framed[5:8, 5:-5] = framed[-8:-5, 5:-5] = 90
        framed[5:-5, 5:8] = framed[5:-5, -8:-5] = 90
        framed[8:30, 8:-8] = 90
        assert difference(normalise(framed), plain) < 3


def test_a_small_digit_near_the_edge_is_no_frame(some: Pixels) -> None:
    for digit in some:
        cornered = on_paper(digit, 300, 2, 2)
        cornered[200, 200] = 0
        assert difference(normalise(cornered), digit) < 12


def test_specks_are_dropped(some: Pixels) -> None:
    for digit in some:
        spotted = on_paper(enlarged(digit, 200), 300, 60, 60)
        plain = normalise(spotted)
        spotted[20:24, 20:24] = spotted[270:273, 150:153] = 0
        assert difference(normalise(spotted), plain) < 3


def test_uneven_light_is_evened_out(some: Pixels) -> None:
    light = np.linspace(0.5, 1.0, 300)[:, None] * np.linspace(0.8, 1.0, 300)
    for digit in some:
        paper = on_paper(enlarged(digit, 200), 300, 60, 40)
        shaded = (paper * light).astype(np.uint8)
        assert difference(normalise(shaded), normalise(paper)) < 10


def lamp_over(side: int, top: float, left: float) -> NDArray[np.float64]:
    """Light of a lamp near the sheet: a third at the far corner of what it is below the lamp."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    distance = (y - top) ** 2 + (x - left) ** 2
    return 1 / (1 + distance * 2 / distance.max())


@pytest.mark.parametrize("place", [(0.0, 0.0), (-0.7, 0.4), (0.9, -0.9)])
def test_a_lamp_near_the_sheet_is_evened_out(some: Pixels, place: tuple[float, float]) -> None:
    for digit in some:
        paper = on_paper(enlarged(digit, 200), 300, 60, 40)
        lit = (paper * lamp_over(300, *place)).astype(np.uint8)
        assert difference(normalise(lit), normalise(paper)) < 16


def test_the_table_around_a_sheet_is_dropped(some: Pixels) -> None:
    light = np.linspace(0.6, 1.0, 300)[:, None] * np.linspace(0.8, 1.0, 300)
    for digit in some:
        paper = on_paper(enlarged(digit, 180), 300, 60, 60)
        plain = normalise(paper)
        paper[:25] = paper[:, -30:] = 60
        assert difference(normalise((paper * light).astype(np.uint8)), plain) < 12


def test_noise_is_not_ink(some: Pixels) -> None:
    rng = np.random.default_rng(1)
    for digit in some:
        noisy = np.clip(255 - digit + rng.normal(0, 25, digit.shape), 0, 255).astype(np.uint8)
        assert difference(normalise(noisy), digit) < 15


@pytest.mark.parametrize("shade", [0, 1, 127, 254, 255])
@pytest.mark.parametrize("shape", [(28, 28), (1, 1), (3, 400), (300, 300)])
def test_a_uniform_image_has_no_digit(shape: tuple[int, int], shade: int) -> None:
    with pytest.raises(NoDigit) as refusal:
        normalise(np.full(shape, shade, np.uint8))
    assert refusal.value.code == "no_digit"


def test_a_nearly_uniform_image_has_no_digit() -> None:
    paper = np.random.default_rng(2).integers(250, 254, (100, 100)).astype(np.uint8)
    with pytest.raises(NoDigit):
        normalise(paper)


def test_noise_alone_has_no_digit() -> None:
    paper = np.random.default_rng(3).normal(128, 12, (200, 200)).astype(np.uint8)
    with pytest.raises(NoDigit):
        normalise(paper)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=120)))
def test_any_picture_becomes_28_by_28_or_has_no_digit(pixels: Pixels) -> None:
    try:
        picture = normalise(pixels)
    except NoDigit:
        return
    assert (picture.shape, picture.dtype) == ((28, 28), np.uint8)
    assert picture.max() >= 128


@given(st.integers(1, 2000), st.integers(1, 3))
def test_slim_pictures_are_no_exception(length: int, width: int) -> None:
    pixels = np.zeros((length, width), np.uint8)
    pixels[length // 2] = 255
    for turned in (pixels, pixels.T):
        try:
            assert normalise(turned).shape == (28, 28)
        except NoDigit:
            assert length <= 30 or width <= 3


def test_a_digit_cut_out_at_its_few_pixels_is_kept(some: Pixels) -> None:
    for digit in some:
        tight = Image.fromarray(255 - digit).crop(Image.fromarray(digit).getbbox())
        assert difference(normalise(np.asarray(tight)), digit) < 12
