import pytest
from falcon import testing
from falcon.asgi import Request

from mnist_api.errors import TooManyRequests, Unauthorized
from mnist_api.http.auth import Gatekeeper

TOKENS = {"ann": "0123456789abcdef", "bob": "fedcba9876543210"}


def request(authorization: str | None) -> Request:
    headers = {} if authorization is None else {"Authorization": authorization}
    return testing.create_asgi_req(headers=headers)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_of_a_token_is_known_by_name(scheme: str) -> None:
    gatekeeper = Gatekeeper(TOKENS, 10)
    assert gatekeeper.reader(request(f"{scheme} {TOKENS['bob']}")) == "bob"


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer ann", f"Basic {TOKENS['ann']}", TOKENS["ann"],
     f"Bearer {TOKENS['ann']}x", f"Bearer {TOKENS['ann'][:-1]}", "Bearer \xe4\xf6\xfc" * 9],
)  # fmt: skip
def test_nobody_else_is_let_in(authorization: str | None) -> None:
    with pytest.raises(Unauthorized):
        Gatekeeper(TOKENS, 10).reader(request(authorization))


def test_writing_calls_come_at_a_rate_and_in_bursts_of_twice_as_many() -> None:
    now = [0.0]
    gatekeeper = Gatekeeper(TOKENS, 4, lambda: now[0])
    asking = request(f"Bearer {TOKENS['ann']}")
    for _ in range(8):
        gatekeeper.writer(asking)
    with pytest.raises(TooManyRequests) as refused:
        gatekeeper.writer(asking)
    assert refused.value.retry_after == 1
    gatekeeper.reader(asking)
    now[0] += 0.25
    gatekeeper.writer(asking)
    with pytest.raises(TooManyRequests):
        gatekeeper.writer(asking)
    now[0] += 100
    for _ in range(8):
        gatekeeper.writer(asking)
    with pytest.raises(TooManyRequests):
        gatekeeper.writer(asking)
