"""The contract of errors, on a small app of its own."""

import json
import logging

import pytest
from falcon import HTTPServiceUnavailable, testing
from falcon.asgi import App, Request, Response
from prometheus_client import CollectorRegistry

from mnist_api.errors import ApiError
from mnist_api.http.errors import add_error_handlers
from mnist_api.http.middleware import Observability
from mnist_api.metrics import Metrics


class Overloaded(ApiError):
    status, code = 503, "overloaded"


class Failing:
    async def on_get(self, req: Request, resp: Response) -> None:
        raise RuntimeError("secret detail")

    async def on_post(self, req: Request, resp: Response) -> None:
        raise Overloaded("too much", retry_after=3)

    async def on_put(self, req: Request, resp: Response) -> None:
        raise HTTPServiceUnavailable(title="from Falcon")


@pytest.fixture
def client() -> testing.TestClient:
    app = App()
    app.add_middleware(Observability(Metrics(CollectorRegistry()), access_log=False))
    add_error_handlers(app)
    app.add_route("/", Failing())
    return testing.TestClient(app)


def test_what_nobody_foresaw_is_a_500_without_its_details(
    client: testing.TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get("/", headers={"X-Request-ID": "find-me"})
    assert answer.status_code == 500
    assert answer.json["code"] == "internal_error"
    assert "secret" not in answer.text
    [record] = caplog.records
    assert record.exc_info is not None
    assert vars(record)["fields"] == {"request_id": "find-me", "route": "/"}


def test_an_error_may_say_when_to_try_again(client: testing.TestClient) -> None:
    answer = client.post("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
    assert answer.json == {"error": "too much", "code": "overloaded"}


def test_an_error_of_falcons_own_follows_the_contract(client: testing.TestClient) -> None:
    answer = client.simulate_put("/")
    assert set(json.loads(answer.text)) == {"error", "code"}
