"""A person corrects an answer on the page: the sample is stored under the token's name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.page.strokes import DIGITS
from tests.e2e.page.test_page import draw
from tests.support.loop import SECRET, Operator, running_loop


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with running_loop(tmp_path) as running:
        yield running


@pytest.fixture
def taught(browser: Browser, operator: Operator) -> Iterator[Page]:
    """The page of a service that takes corrections; what its policy or scripts refuse fails."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: said.text.startswith("Failed to load") or complaints.append(said.text),
    )
    page.goto(operator.server.url)
    yield page
    page.close()
    assert complaints == []


def send(page: Page, label: str, token: str) -> None:
    page.get_by_label("It was a").select_option(label)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Send").click()


def test_without_a_token_set_nobody_is_offered_to_correct(page: Page) -> None:
    expect(page.locator("#canvas")).to_be_visible()
    expect(page.locator("#teach")).to_be_hidden()


def test_a_correction_is_stored_once_under_its_label(taught: Page, operator: Operator) -> None:
    thanks = taught.locator("#thanks")
    send(taught, "7", SECRET)
    expect(thanks).to_have_text("Draw the digit first.")
    draw(taught, DIGITS[1])
    expect(taught.locator("#digit")).to_have_text("1")
    send(taught, "7", SECRET)
    expect(thanks).to_have_text("Thank you, it is kept.")
    stored = operator.get("/samples/")
    assert (stored["count"], stored["samples"][0]["label"]) == (1, 7)
    send(taught, "7", SECRET)
    expect(thanks).to_have_text("Thank you, that was known already.")
    send(taught, "1", SECRET)
    expect(thanks).to_contain_text("is labelled 7; delete it first.")
    assert operator.get("/samples/")["count"] == 1


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (SECRET[::-1], "The service does not know this token."),
        ("pass\N{EM DASH}word", "This is no token."),
    ],
)
def test_without_a_known_token_nothing_is_stored(
    taught: Page, operator: Operator, token: str, said: str
) -> None:
    draw(taught, DIGITS[1])
    send(taught, "7", token)
    expect(taught.locator("#thanks")).to_have_text(said)
    assert operator.get("/samples/")["count"] == 0


def test_a_service_that_has_gone_is_told(taught: Page) -> None:
    draw(taught, DIGITS[1])
    taught.context.set_offline(True)
    send(taught, "7", SECRET)
    expect(taught.locator("#thanks")).to_have_text("The service cannot be reached.")


def test_the_token_is_kept_nowhere(taught: Page) -> None:
    draw(taught, DIGITS[1])
    send(taught, "7", SECRET)
    expect(taught.locator("#thanks")).to_have_text("Thank you, it is kept.")
    kept = "[document.cookie, localStorage.length, sessionStorage.length, location.href]"
    cookie, local, session, address = taught.evaluate(kept)
    assert (cookie, local, session) == ("", 0, 0)
    assert SECRET not in address
    taught.reload()
    expect(taught.get_by_label("Token")).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out_of_correcting(taught: Page, scheme: str) -> None:
    taught.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    draw(taught, DIGITS[1])
    expect(taught.locator("#digit")).to_have_text("1")
    found = Axe().run(taught)
    assert found.violations_count == 0, found.generate_report()
    assert taught.evaluate("document.documentElement.scrollWidth <= innerWidth")
