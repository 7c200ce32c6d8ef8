"""The API's description as a page: complete, and for everyone."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.server import Server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_every_operation_can_be_opened_and_read(
    page: Page, server: Server, scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(server.url + "/docs")
    paths = json.loads(server.get("/openapi.json"))["paths"]
    count = sum(len(methods) for methods in paths.values())
    expect(page.locator("details")).to_have_count(count)
    for summary in page.locator("summary").all():
        summary.press("Enter")
    expect(page.locator("details[open]")).to_have_count(count)
    expect(page.get_by_text("unknown_model")).to_be_visible()
    grave = [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
    ]
    assert grave == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
