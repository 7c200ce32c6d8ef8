"""The page in a real browser: what a person draws is what the models read."""

import base64
import re
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.page.strokes import DIGITS, Stroke
from tests.support.server import Server


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
    expect(page.get_by_text("Draw a digit and the answer appears here")).to_be_visible()


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


def test_a_wide_picture_that_is_bright_on_dark_is_read(
    page: Page, tmp_path: Path, digits: dict[str, np.ndarray]
) -> None:
    wide = np.zeros((28, 84), np.uint8)
    wide[:, 28:56] = digits["train_images"][np.flatnonzero(digits["train_labels"] == 4)[0]]
    file = tmp_path / "wide.png"
    Image.fromarray(wide).resize((840, 280)).save(file)
    page.locator("#file").set_input_files(file)
    expect(page.locator("#digit")).to_have_text("4")


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_dropped_or_pasted_picture_is_read(page: Page, digit_file: Path, event: str) -> None:
    page.evaluate(
        """([kind, base64]) => {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "digit.png", { type: "image/png" }));
            const options = { bubbles: true, cancelable: true };
            document.querySelector("#canvas").dispatchEvent(kind === "drop"
                ? new DragEvent("drop", { ...options, dataTransfer: data })
                : new ClipboardEvent("paste", { ...options, clipboardData: data }));
        }""",
        [event, base64.b64encode(digit_file.read_bytes()).decode()],
    )
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
    expect(page.locator("#message")).to_have_text(
        "The service is at its limit. Trying again in 2 s."
    )


def test_after_the_time_that_the_service_asks_for_it_is_asked_again(page: Page) -> None:
    page.route(
        "**/predict/",
        lambda route: route.fulfill(
            status=429,
            headers={"Retry-After": "1"},
            json={"error": "too many requests", "code": "overloaded"},
        ),
    )
    draw(page, DIGITS[1])
    expect(page.locator("#message")).to_contain_text("Too many requests.")
    page.unroute("**/predict/")
    expect(page.locator("#digit")).to_have_text("1")
    expect(page.locator("#message")).to_be_empty()


def test_an_answer_that_is_not_of_the_service_is_told_by_its_status(page: Page) -> None:
    page.route("**/predict/", lambda route: route.fulfill(status=502, body="<html>Bad Gateway"))
    draw(page, DIGITS[1])
    expect(page.locator("#message")).to_have_text("The service answered with an error (502).")


def test_offline_is_said_and_being_back_answers(page: Page) -> None:
    page.context.set_offline(True)
    draw(page, DIGITS[1])
    expect(page.locator("#message")).to_contain_text("You are offline.")
    page.context.set_offline(False)
    expect(page.locator("#digit")).to_have_text("1")


def test_the_shown_curl_is_a_call_that_works(page: Page, server: Server) -> None:
    draw(page, DIGITS[3])
    expect(page.locator("#digit")).to_have_text("3")
    expect(page.locator("#curl")).to_contain_text(f"curl {server.url}/predict/")
    body = page.locator("#curl").inner_text().partition("-d '")[2].rstrip("'")
    status, answer, _ = server.post("/predict/", body.encode(), "application/json")
    assert (status, answer["prediction"]) == (200, 3)


def test_escape_in_the_middle_of_a_stroke_ends_it(page: Page) -> None:
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 200, steps=4)
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 200, box["y"] + 200, steps=4)
    page.mouse.up()
    expect(page.locator("#digit")).to_be_empty()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_nobody_is_shut_out(page: Page, scheme: Literal["light", "dark"], width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    draw(page, DIGITS[8])
    expect(page.locator("#models .bars")).to_have_count(3)
    grave = [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert grave == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_answer_follows_a_stroke_that_has_not_ended(page: Page) -> None:
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 40)
    page.mouse.down()
    # Never still for as long as a pause, and longer than a question and its answer take.
    for step in range(60):
        page.mouse.move(middle, box["y"] + 40 + 5 * step)
        page.wait_for_timeout(30)
        if page.locator("#digit").inner_text() == "1":
            break
    expect(page.locator("#models .bars li")).to_have_count(30, timeout=1)
    assert step < 59, "the answer came while the pen moved"
    page.mouse.up()


def test_a_finger_draws(browser: Browser, server: Server) -> None:
    phone = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    phone.goto(server.url)
    box = phone.locator("#canvas").bounding_box()
    assert box is not None
    finger = phone.context.new_cdp_session(phone)
    for stroke in DIGITS[7]:
        for index, (x, y) in enumerate(stroke):
            at = {"x": box["x"] + x * box["width"] / 100, "y": box["y"] + y * box["height"] / 100}
            kind = "touchMove" if index else "touchStart"
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(phone.locator("#digit")).to_have_text("7")
    assert phone.evaluate("scrollY") == 0, "drawing scrolls no page"
    phone.close()


def test_where_the_answer_came_from_and_how_long_it_took_is_shown(page: Page) -> None:
    for origin in (r"(computed|from the process's cache)", "from the process's cache"):
        page.reload()
        page.locator("#canvas").focus()
        page.keyboard.press("Space")
        for _ in range(18):
            page.keyboard.press("ArrowDown")
        page.wait_for_timeout(300)
        expect(page.locator("#origin")).to_have_text(
            re.compile(rf"^Answered in \d+ ms, {origin}\.$")
        )


def test_the_whole_page_is_no_more_than_60_kb_and_all_of_it_ours(
    browser: Browser, server: Server
) -> None:
    opened = browser.new_page()
    loaded: dict[str, int] = {}
    opened.on("response", lambda got: loaded.update({got.url: len(got.body())}))
    opened.goto(server.url, wait_until="networkidle")
    opened.close()
    assert {f"{server.url}/", f"{server.url}/static/app.js"} < loaded.keys()
    assert all(url.startswith(server.url) for url in loaded)
    assert sum(loaded.values()) <= 60_000


def test_the_policy_allows_nothing_inline(page: Page, server: Server) -> None:
    policy = page.request.get(server.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
