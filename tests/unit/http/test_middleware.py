import pytest

from mnist_api.http.middleware import request_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_clients_own_id_is_kept() -> None:
    assert request_id("order-66", f"00-{TRACE}-{'1' * 16}-01") == "order-66"


def test_without_one_the_trace_names_the_request() -> None:
    assert request_id(None, f"00-{TRACE}-00f067aa0ba902b7-01") == TRACE


@pytest.mark.parametrize(
    ("given", "traceparent"),
    [
        (None, None),
        ("a" * 65, None),
        ('a"b', None),
        ("", None),
        (None, f"00-{'0' * 32}-00f067aa0ba902b7-01"),
        (None, "00-xyz-00f067aa0ba902b7-01"),
    ],
)
def test_otherwise_the_request_gets_an_id_of_its_own(
    given: str | None, traceparent: str | None
) -> None:
    first, second = request_id(given, traceparent), request_id(given, traceparent)
    assert len(first) == 16
    assert first != second
