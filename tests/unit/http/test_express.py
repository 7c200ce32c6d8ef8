"""Which requests are answered beside Falcon, and which are left to it."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from benchmarks.bodies import canvas_png
from benchmarks.stages import png_of
from mnist_api.app import create_app
from mnist_api.http.express import Express
from mnist_api.http.plain_request import plain_request
from mnist_api.models.catalog import load_catalog
from mnist_api.settings import Settings


def state_of(settings: Settings) -> dict[str, Any]:
    """Return what an application shares with its server, after it has stopped."""
    app = create_app(settings, load_catalog(settings.weights_folder), CollectorRegistry())
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    events: Iterator[str] = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive() -> dict[str, Any]:
        return {"type": next(events)}

    async def send(event: dict[str, Any]) -> None:
        assert event["type"].endswith(".complete"), event

    asyncio.run(app(scope, receive, send))
    state = scope["state"]
    assert isinstance(state, dict)
    return state


@pytest.fixture(scope="module")
def express() -> Express:
    found = state_of(Settings(max_body_bytes=20_000))["express"]
    assert isinstance(found, Express)
    return found


def answered(express: Express, body: bytes, kind: str, query: str = "") -> bytes | None:
    head = f"POST /predict/{query} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    plain = plain_request(request)
    assert plain is not None
    return express.answer(request, plain, 0.0)


def in_json(image: bytes, **fields: str) -> bytes:
    return json.dumps({"image": base64.b64encode(image).decode(), **fields}).encode()


def test_small_pictures_are_answered(express: Express, digits: dict[str, np.ndarray]) -> None:
    digit = digits["train_images"][0]
    for image in (png_of(digit), png_of(255 - digit), canvas_png(digit, 60)):
        for body, kind in ((image, "image/png"), (in_json(image), "application/json")):
            response = answered(express, body, kind, "?model=cnn")
            assert response is not None
            assert response.startswith(b"HTTP/1.1 200 OK\r\n")


def test_all_else_is_left_to_falcon(express: Express, digits: dict[str, np.ndarray]) -> None:
    small, large = png_of(digits["train_images"][0]), canvas_png(digits["train_images"][0], 400)
    json_ = "application/json"
    for body, kind, query in (
        (large, "image/png", ""),
        (in_json(large), json_, ""),
        (small + bytes(20_000), "image/png", ""),
        (small, "application/octet-stream", ""),
        (small, "image/png", "?model=other"),
        (small, "image/png", "?version=abc"),
        (small[:40], "image/png", ""),
        (in_json(small, version="abc"), json_, ""),
        (in_json(small)[:-1], json_, ""),
        (json.dumps({"images": [base64.b64encode(small).decode()]}).encode(), json_, ""),
    ):
        assert answered(express, body, kind, query) is None, (kind, query, body[:60])


def test_a_large_picture_whose_answer_is_remembered_is_answered(
    digits: dict[str, np.ndarray],
) -> None:
    express = state_of(Settings())["express"]
    image = canvas_png(digits["train_images"][0], 60)
    first, second = (answered(express, image, "image/png") for _ in range(2))
    assert first is not None
    assert second is not None
    assert b"x-cache: miss" in first
    assert b"x-cache: local" in second


def test_where_requests_are_logged_all_go_by_falcon() -> None:
    assert state_of(Settings(access_log=True))["express"] is None
