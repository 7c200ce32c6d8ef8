"""A real browser, and the page in it."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

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
    # NOTE: not for the session: while Playwright runs, no other test may start an event loop.
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is missing: apt-get install -y --no-install-recommends chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, freshly loaded; whatever it complains of or asks elsewhere fails the test."""
    opened = browser.new_page()
    complaints: list[str] = []

    def note(text: str, is_wrong: bool) -> None:
        if is_wrong:
            complaints.append(text)

    # Chromium notes each failed request; only /predict/ may fail, in the tests of errors.
    opened.on(
        "console", lambda said: note(said.text, not said.text.startswith("Failed to load resource"))
    )
    opened.on("pageerror", lambda error: note(str(error), True))
    opened.on(
        "request",
        lambda asked: note(asked.url, not asked.url.startswith((server.url, "data:", "blob:"))),
    )
    opened.on(
        "response",
        lambda got: note(
            f"{got.status} {got.url}", got.status >= 400 and "/predict/" not in got.url
        ),
    )
    opened.goto(server.url)
    yield opened
    opened.close()
    assert complaints == []
