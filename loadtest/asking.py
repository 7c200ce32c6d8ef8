"""What all users of a run share: its state, and how they ask and check what is answered."""

import json
import random
from argparse import Namespace
from itertools import count
from typing import Any

from locust import FastHttpUser

from loadtest.expectations import Lesson, wrong_label, wrong_labels
from loadtest.records import Records
from loadtest.thresholds import Tally

JSON = {"Content-Type": "application/json"}
ALL = "all"


class Run:
    """What the users of one run share: the lesson, and how often each model was right."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.host: str | None = None
        self.lesson = Lesson({}, [])
        self.tallies: dict[str, Tally] = {}
        self.records = Records()
        self.numbers = count(random.getrandbits(40))

    def count(self, model: str, right: bool) -> None:
        """Count an answer by what the digit really is."""
        self.tallies[model] = self.tallies.get(model, Tally()).plus(right)


class MnistUser(FastHttpUser):
    """Asks, and checks what is answered."""

    abstract = True
    network_timeout = connection_timeout = 10.0

    @property
    def run_(self) -> Run:
        """What all users share."""
        run: Run = self.environment.loadtest
        return run

    def digit(self) -> Any:
        """Return any of the digits whose answers are known."""
        return random.choice(self.run_.lesson.expected)

    def ask(self, name: str, body: bytes, expected: Any, label: int, model: str = ALL) -> None:
        """Ask for a prediction and compare the answer with what was answered unloaded."""
        with self.client.post(
            "/predict/", data=body, headers=JSON, name=name, catch_response=True
        ) as response:
            answer = answer_of(response)
            if answer is None:
                return
            wrong = (
                wrong_labels(expected, answer)
                if model == ALL
                else wrong_label(expected, answer, model)
            )
            if wrong is not None:
                response.failure(wrong)
            said = answer.get("predictions") or {model: answer.get("prediction")}
            for each, digit in said.items():
                self.run_.count(each, digit == label)


def answer_of(response: Any) -> dict[str, Any] | None:
    """Return a 200's JSON; mark anything else as a failure and return None."""
    if response.status_code != 200:
        response.failure(f"{response.status_code}: {response.error or response.text}")
        return None
    return json_of(response)


def json_of(response: Any) -> dict[str, Any]:
    """Return an answer's JSON object; an empty one where it is anything else."""
    try:
        answer = json.loads(response.text or "")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
