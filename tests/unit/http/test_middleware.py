import pytest
from falcon import testing
from falcon.asgi import Request

from mnist_api.http.middleware import request_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def asked(**headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = testing.create_asgi_req(headers=named)
    assert isinstance(request, Request)
    return request


def test_the_clients_own_id_is_kept() -> None:
    assert request_id(asked(X_Request_ID="order-66", traceparent=f"00-{TRACE}-{'1' * 16}-01")) == (
        "order-66"
    )


def test_without_one_the_trace_names_the_request() -> None:
    assert request_id(asked(traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")) == TRACE


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_Request_ID": "a" * 65},
        {"X_Request_ID": 'a"b'},
        {"X_Request_ID": ""},
        {"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"},
        {"traceparent": "00-xyz-00f067aa0ba902b7-01"},
    ],
)
def test_otherwise_the_request_gets_an_id_of_its_own(headers: dict[str, str]) -> None:
    first, second = request_id(asked(**headers)), request_id(asked(**headers))
    assert len(first) == 16
    assert first != second
