"""The page in a real browser: what a person draws is what the models read."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.e2e.page.strokes import DIGITS, Stroke
from tests.support.server import Server

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, freshly loaded; whatever it complains of or asks elsewhere fails the test."""
    opened = browser.new_page()
    complaints: list[str] = []
    # Chromium itself notes the status of a failed request; that is not the page's complaint.
    opened.on(
        "console",
        lambda message: (
            None if "the server responded with" in message.text else complaints.append(message.text)
        ),
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((server.url, "data:", "blob:"))
            else complaints.append(request.url)
        ),
    )
    opened.goto(server.url)
    yield opened
    opened.close()
    assert complaints == []


@pytest.fixture
def digit_file(tmp_path: Path, digits: dict[str, np.ndarray]) -> Path:
    """A 4 of the training images, as a file."""
    index = np.flatnonzero(digits["train_labels"] == 4)[0]
    file = tmp_path / "digit.png"
    Image.fromarray(digits["train_images"][index]).save(file)
    return file


def draw(page: Page, strokes: list[Stroke]) -> None:
    """Draw with the mouse; points are in hundredths of the canvas."""
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    for stroke in strokes:
        points = [
            (box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100)
            for x, y in stroke
        ]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=4)
        page.mouse.up()


def test_the_page_offers_to_draw(page: Page) -> None:
    expect(page).to_have_title("Draw a digit")
    expect(page.locator("#canvas")).to_be_visible()
    expect(page.locator("#digit")).to_have_text("No digit yet")


@pytest.mark.parametrize("digit", DIGITS)
def test_a_drawn_digit_is_read_right(page: Page, digit: int) -> None:
    draw(page, DIGITS[digit])
    expect(page.locator("#digit")).to_have_text(str(digit))
    expect(page.locator("[data-model=cnn]")).to_have_attribute("data-prediction", str(digit))
    expect(page.locator("#models .bars li")).to_have_count(30)
    expect(page.locator("#seen")).to_have_attribute("src", re.compile("^data:image/png;base64,"))


def test_undo_and_clear_take_back(page: Page) -> None:
    draw(page, [*DIGITS[1], DIGITS[7][0]])
    expect(page.locator("#models .bars")).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#digit")).to_have_text("1")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#models .bars")).to_have_count(0)
    expect(page.locator("#digit")).to_have_text("")


def test_an_opened_picture_is_read(page: Page, digit_file: Path) -> None:
    page.locator("#file").set_input_files(digit_file)
    expect(page.locator("#digit")).to_have_text("4")


def test_what_is_no_picture_is_said_so(page: Page, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("hello")
    page.locator("#file").set_input_files(text)
    expect(page.locator("#message")).to_contain_text("not a picture")


def test_the_keyboard_draws(page: Page) -> None:
    page.locator("#canvas").focus()
    page.keyboard.press("Space")
    for _ in range(18):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#digit")).to_have_text("1")
    page.keyboard.press("Escape")
    expect(page.locator("#models .bars")).to_have_count(0)


def test_an_error_of_the_service_is_told_in_words(page: Page) -> None:
    page.route(
        "**/predict/",
        lambda route: route.fulfill(
            status=503,
            headers={"Retry-After": "2"},
            json={"error": "the service is at its limit", "code": "overloaded"},
        ),
    )
    draw(page, DIGITS[1])
    expect(page.locator("#message")).to_have_text("The service is at its limit. Try again in 2 s.")


def test_the_shown_curl_is_a_call_that_works(page: Page, server: Server) -> None:
    draw(page, DIGITS[3])
    expect(page.locator("#digit")).to_have_text("3")
    expect(page.locator("#curl")).to_contain_text(f"curl {server.url}/predict/")
    body = page.locator("#curl").inner_text().partition("-d '")[2].rstrip("'")
    status, answer, _ = server.post("/predict/", body.encode(), "application/json")
    assert (status, answer["prediction"]) == (200, 3)
