"""Who asks. `make loadtest` runs it; `locust -f loadtest/locustfile.py --help` lists the options.

All users but the eager one pause as people and programs do; the eager one asks as soon as it has
its answer, to find the rate at which a service saturates.
"""

import json
import logging
import random
import sys
from argparse import Namespace
from itertools import count
from typing import Any

import gevent
from locust import FastHttpUser, LoadTestShape, between, constant, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtest.bodies import Mistake, infer, mistakes, predict
from loadtest.digits import held_out
from loadtest.expectations import ExpectationError, Lesson, learn, wrong_label, wrong_labels
from loadtest.shapes import NAMES, Shape, saturated
from loadtest.thresholds import Outcome, Tally, Thresholds, breaches

LOGGER = logging.getLogger("loadtest")
JSON = {"Content-Type": "application/json"}
DIGITS = 400
POPULAR = 10
BATCH = 16
ALL = "all"


@events.init_command_line_parser.add_listener
def add_options(parser: LocustArgumentParser) -> None:
    """Add our options to locust's."""
    group = parser.add_argument_group("mnist-api")
    add = group.add_argument
    add("--form", choices=NAMES, default="step", help="how the users come and go")
    add("--peak", type=int, default=40, help="most users at once")
    add("--length", type=float, default=30, help="seconds")
    add("--repeated", type=float, default=0.5, help="share of images that were sent before")
    add("--bad", type=float, default=0.02, help="share of bad requests of careless clients")
    add("--max-failures", type=float, default=0.0, help="share of requests that may fail")
    add("--max-p99-ms", type=float, default=50.0, help="p99 of all requests; the SLO's by default")
    add("--min-rate", type=float, default=0.0, help="requests a second")


class Run:
    """What the users of one run share: the lesson, and how often each model was right."""

    def __init__(self, options: Namespace) -> None:
        self.options = options
        self.host: str | None = None
        self.lesson = Lesson({}, [])
        self.tallies: dict[str, Tally] = {}
        self.numbers = count(random.getrandbits(40))

    def count(self, model: str, right: bool) -> None:
        """Count an answer by what the digit really is."""
        self.tallies[model] = self.tallies.get(model, Tally()).plus(right)


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:
    """Give the run its state, and learn what must be answered before anybody else asks."""
    environment.loadtest = Run(environment.parsed_options)
    if environment.host and not _learn(environment):
        sys.exit(1)


@events.test_start.add_listener
def ask_unloaded(environment: Environment, **_: Any) -> None:
    """Learn again where the page named another service."""
    if environment.loadtest.host != environment.host and not _learn(environment):
        environment.runner.quit()


def _learn(environment: Environment) -> bool:
    run: Run = environment.loadtest
    try:
        run.lesson = learn(environment.host, held_out(DIGITS))
    except ExpectationError as error:
        LOGGER.critical("no load test of this service: %s", error)
        environment.process_exit_code = 1
        return False
    run.host = environment.host
    return True


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:
    """Turn what the run came to into the exit code."""
    if environment.process_exit_code:
        return
    run: Run = environment.loadtest
    total = environment.stats.total
    outcome = Outcome(
        total.num_requests,
        total.num_failures,
        total.get_response_time_percentile(0.99) or 0.0,
        total.total_rps,
        run.tallies,
        run.lesson.promised,
        DIGITS,
        len(environment.runner.exceptions),
    )
    options = run.options
    limits = Thresholds(options.max_failures, options.max_p99_ms, options.min_rate)
    found = breaches(outcome, limits)
    for model, tally in sorted(run.tallies.items()):
        share = tally.right / tally.answers
        LOGGER.info("%s: right on %.2f %% of %d answers", model, 100 * share, tally.answers)
    for sentence in found:
        LOGGER.error("limit not kept: %s", sentence)
    environment.process_exit_code = 1 if found else 0


class Form(LoadTestShape):
    """The users over time. A ramp ends by itself where more users bring no more answers."""

    def __init__(self) -> None:
        super().__init__()
        self._rates: list[float] = []
        self._users, self._since, self._answered = 0, 0.0, 0

    def tick(self) -> tuple[int, float] | None:
        """Return the users wanted now and how fast they are to come, or None at the end."""
        options = self.runner.environment.parsed_options
        users = Shape(options.form, options.peak, options.length).users(self.get_run_time())
        if options.form == "ramp" and users != self._users:
            self._note_step(users or self._users)
            if saturated(self._rates):
                return None
        return None if users is None else (users, max(1.0, float(options.peak)))

    def _note_step(self, users: int) -> None:
        now, answered = self.get_run_time(), self.runner.environment.stats.total.num_requests
        if self._users:
            self._rates.append((answered - self._answered) / (now - self._since))
            LOGGER.info("%d users: %.0f requests/s", self._users, self._rates[-1])
        self._users, self._since, self._answered = users, now, answered


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
            answer = _answer(response)
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


class DrawUser(MnistUser):
    """A person who draws digits on the page, which asks while the drawing grows."""

    weight = 4
    wait_time = between(0.5, 1.5)

    @task
    def draw(self) -> None:
        """Ask for a quarter, half and three quarters of a digit, and for the whole."""
        chosen = self.digit()
        for share in (0.25, 0.5, 0.75):
            self._look(chosen.digit.drawing(share))
            gevent.sleep(random.uniform(0.12, 0.3))
        body = predict(chosen.digit.drawing(), probabilities=True, normalised=True)
        self.ask("draw: finished", body, chosen.drawn, chosen.digit.label)

    def _look(self, drawing: bytes) -> None:
        body = predict(drawing, probabilities=True, normalised=True)
        with self.client.post(
            "/predict/", data=body, headers=JSON, name="draw: unfinished", catch_response=True
        ) as response:
            # Part of a digit may be any digit; that it is answered with one can be checked.
            answer = _answer(response)
            if answer is not None and answer.get("prediction") not in range(10):
                response.failure(f"no digit: {answer}")


class BatchUser(MnistUser):
    """A job that classifies many digits a request, by the Open Inference Protocol v2."""

    weight = 1
    wait_time = constant(0.5)

    @task
    def infer(self) -> None:
        """Ask one model for 16 digits and compare each label."""
        model = random.choice(list(self.run_.lesson.promised))
        batch = [self.digit() for _ in range(BATCH)]
        with self.client.post(
            f"/v2/models/{model}/infer",
            data=infer([one.digit for one in batch]),
            headers=JSON,
            name=f"{model}: batch of {BATCH}",
            catch_response=True,
        ) as response:
            answer = _answer(response)
            if answer is None:
                return
            said = answer["outputs"][0]["data"]
            wanted = [one.plain[model] for one in batch]
            if said != wanted:
                response.failure(f"{model} answers {said} where it answered {wanted} unloaded")
            for one, digit in zip(batch, said, strict=True):
                self.run_.count(model, digit == one.digit.label)


class CacheUser(MnistUser):
    """A program that sends some images again and again, and others once."""

    weight = 2
    wait_time = between(0.02, 0.1)

    @task
    def send(self) -> None:
        """Ask one model for a popular image, or for one that nobody has ever sent."""
        model = random.choice(list(self.run_.lesson.promised))
        repeated = random.random() < self.run_.options.repeated
        if repeated:
            chosen = random.choice(self.run_.lesson.expected[:POPULAR])
            content = chosen.digit.png
        else:
            chosen = self.digit()
            content = chosen.digit.unlike_any_other(next(self.run_.numbers))
        name = f"{model}: {'repeated' if repeated else 'new'}"
        body = predict(content, model=model)
        self.ask(name, body, chosen.plain, chosen.digit.label, model)


class CarelessUser(MnistUser):
    """A client that now and then sends what no server can answer."""

    weight = 2
    wait_time = between(0.02, 0.1)

    @task
    def send(self) -> None:
        """Ask for all models, sometimes with a mistake."""
        chosen = self.digit()
        if random.random() < self.run_.options.bad:
            name, mistake = random.choice(list(mistakes(chosen.digit.png).items()))
            self._err(f"bad: {name}", mistake)
        else:
            body = predict(chosen.digit.png)
            self.ask("all models", body, chosen.plain, chosen.digit.label)

    def _err(self, name: str, mistake: Mistake) -> None:
        with self.client.post(
            "/predict/",
            data=mistake.body,
            headers={"Content-Type": mistake.content_type},
            name=name,
            catch_response=True,
        ) as response:
            got = (response.status_code, _json(response).get("code"))
            if got == (mistake.status, mistake.code):
                response.success()
            else:
                response.failure(f"{got}, the contract says {(mistake.status, mistake.code)}")


class EagerUser(MnistUser):
    """A program that never pauses. The service computes every answer: no image comes twice."""

    wait_time = constant(0)

    @task
    def send(self) -> None:
        """Ask the CNN."""
        chosen = self.digit()
        body = predict(chosen.digit.unlike_any_other(next(self.run_.numbers)), model="cnn")
        self.ask("cnn: eager", body, chosen.plain, chosen.digit.label, "cnn")


def _answer(response: Any) -> dict[str, Any] | None:
    """Return a 200's JSON; mark anything else as a failure and return None."""
    if response.status_code != 200:
        response.failure(f"{response.status_code}: {response.error or response.text}")
        return None
    return _json(response)


def _json(response: Any) -> dict[str, Any]:
    try:
        answer = json.loads(response.text or "")
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
