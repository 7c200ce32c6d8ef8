"""A request's time: the client may shorten it."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from mnist_api.errors import InvalidRequest, Overloaded
from mnist_api.http.patience import Patience
from mnist_api.http.turn import TURN, Turn
from mnist_api.metrics import Metrics
from mnist_api.prediction.admission import Admission


def request(turn: Turn, header: str | None = None) -> Any:
    return SimpleNamespace(scope={TURN: turn}, get_header=lambda _: header)


@pytest.fixture
def admission() -> Admission:
    return Admission(1.0, clock=lambda: 200.0)


@pytest.fixture
def patience(admission: Admission) -> Patience:
    return Patience(10.0, admission, Metrics(CollectorRegistry()))


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, 10.0), ("250", 0.25), ("0", 0.0), ("99999999", 10.0)]
)
def test_the_deadline_counts_from_arrival(
    patience: Patience, header: str | None, seconds: float
) -> None:
    deadline = patience.deadline(request(Turn(arrived=100.0), header))
    assert math.isclose(deadline, 100.0 + seconds)


@pytest.mark.parametrize("header", ["", "-1", "1.5", "soon", "1e3", "٣", "1" * 30])
def test_a_limit_that_is_no_number_of_milliseconds_is_refused(
    patience: Patience, header: str
) -> None:
    with pytest.raises(InvalidRequest, match="X-Request-Timeout-Ms"):
        patience.deadline(request(Turn(arrived=100.0), header))


def test_what_came_in_a_rush_is_refused(patience: Patience) -> None:
    with pytest.raises(Overloaded):
        patience.deadline(request(Turn(arrived=100.0, is_refused=True)))


def test_what_waited_until_a_rush_was_noticed_is_refused(
    patience: Patience, admission: Admission
) -> None:
    early, late = Turn(arrived=190.0), Turn(arrived=200.0)
    patience.deadline(request(early))
    admission.finished(199.99)
    while admission.admits():
        admission.arrived()
    with pytest.raises(Overloaded):
        patience.deadline(request(early))
    assert early.is_refused
    patience.deadline(request(late))
