"""What a service must answer, learnt from it while nobody else asks.

Two things make an answer right under load. Unloaded, the service's models must be as accurate on
held-out digits as it says itself; and loaded, it must answer each digit as it did unloaded. So a
fast wrong answer is a failure, the few digits that a model gets wrong by nature are none, and a
service with other weights than ours can be tested just as well.
"""

import http.client
import json
import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from loadtest.digits import Digit, text

# Chance alone takes a sample's accuracy this many standard errors below the promise once in 740.
_STANDARD_ERRORS = 3
# Drawn on white at four times the size, a digit is read a little less surely: the tests of accuracy
# allow half a point.
_DRAWING_TOLERANCE = 0.005


class ExpectationError(Exception):
    """The service does not even answer rightly while nothing else is asked of it."""


@dataclass(frozen=True)
class Expected:
    """One digit, what it is, and what each model says it is: as a file and as a drawing."""

    digit: Digit
    plain: Mapping[str, int]
    drawn: Mapping[str, int]


class Service:
    """A service at a URL, asked one thing after the other over one connection."""

    def __init__(self, url: str, timeout: float = 20) -> None:
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ExpectationError(f"{url!r} is no http:// or https:// address")
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def ask(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return a JSON answer.

        Raises:
            ExpectationError: nobody answers, or not with a 200.
        """
        try:
            if body is None:
                self._connection.request("GET", path)
            else:
                headers = {"Content-Type": "application/json"}
                self._connection.request("POST", path, json.dumps(body), headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ExpectationError(f"{path} is not answered: {error!r}") from error
        if response.status != 200:
            raise ExpectationError(f"{path} is answered with {response.status}: {content[:200]!r}")
        answer: dict[str, Any] = json.loads(content)
        return answer


@dataclass(frozen=True)
class Lesson:
    """What a service promises of its models, and what it answers."""

    promised: Mapping[str, float]
    expected: Sequence[Expected]


def learn(url: str, digits: Sequence[Digit]) -> Lesson:
    """Ask for every digit once and check that the answers are as good as promised.

    Raises:
        ExpectationError: a model is less accurate than the service says of it.
    """
    with closing(Service(url)) as service:
        promised = promises(service)
        expected = [
            Expected(digit, _answers(service, digit.png), _answers(service, digit.drawing()))
            for digit in digits
        ]
    for model, promise in promised.items():
        _check(model, promise, [(one.plain, one.digit.label) for one in expected])
        drawing = promise - _DRAWING_TOLERANCE
        _check(model, drawing, [(one.drawn, one.digit.label) for one in expected])
    return Lesson(promised, expected)


def promises(service: Service) -> dict[str, float]:
    """Return each model's accuracy as the service itself states it."""
    names = service.ask("/models/")["models"]
    return {name: service.ask(f"/models/{name}")["holdout"]["accuracy"] for name in names}


def least_accuracy(promised: float, answers: int) -> float:
    """Return the accuracy below which a sample of that many answers breaks a promise."""
    return promised - _STANDARD_ERRORS * math.sqrt(promised * (1 - promised) / answers)


def wrong_label(expected: Mapping[str, int], answer: Mapping[str, Any], model: str) -> str | None:
    """Return what is wrong with an answer of one model, or None."""
    got = answer.get("prediction")
    if got == expected[model]:
        return None
    return f"{model} answers {got!r} where it answered {expected[model]} unloaded"


def wrong_labels(expected: Mapping[str, int], answer: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an answer of all models, or None."""
    got = answer.get("predictions")
    if got == expected:
        return None
    return f"the models answer {got!r} where they answered {dict(expected)} unloaded"


def _answers(service: Service, content: bytes) -> dict[str, int]:
    answers: dict[str, int] = service.ask("/predict/", {"image": text(content)})["predictions"]
    return answers


def _check(model: str, promised: float, answers: Sequence[tuple[Mapping[str, int], int]]) -> None:
    right = sum(answer[model] == label for answer, label in answers) / len(answers)
    least = least_accuracy(promised, len(answers))
    if right < least:
        raise ExpectationError(
            f"{model} is right on {right:.2%} of {len(answers)} held-out digits: below "
            f"{least:.2%}, what its promise of {promised:.2%} leaves to chance"
        )
