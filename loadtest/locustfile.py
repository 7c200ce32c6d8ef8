"""What locust runs, by `make loadtest`; its `--help` lists the options.

Who asks is in `users.py`, when they come and go in `form.py`, and what a run must keep to in
`thresholds.py`; here they are put together.
"""

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from locust import events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtest.asking import Run
from loadtest.digits import held_out
from loadtest.expectations import ExpectationError, learn
from loadtest.form import Form
from loadtest.shapes import NAMES
from loadtest.thresholds import Outcome, Thresholds, breaches
from loadtest.users import (
    BatchUser,
    CacheUser,
    CarelessUser,
    DrawUser,
    EagerDrawUser,
    EagerUser,
)

# Locust takes the users and the form from this module's names.
__all__ = [
    "BatchUser",
    "CacheUser",
    "CarelessUser",
    "DrawUser",
    "EagerDrawUser",
    "EagerUser",
    "Form",
]
LOGGER = logging.getLogger("loadtest")
DIGITS = 400


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
    add("--record", type=Path, help="write every request's time and latency, as .npy")


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:
    """Give the run its state, and learn what must be answered before anybody else asks."""
    environment.loadtest = Run(environment.parsed_options)
    if environment.host and not _learn(environment):
        sys.exit(1)
    if environment.parsed_options.record:
        environment.events.request.add_listener(_recorder(environment.loadtest))


@events.test_start.add_listener
def ask_unloaded(environment: Environment, **_: Any) -> None:
    """Learn again where the page named another service; the load's time begins."""
    environment.loadtest.records.start = time.time()
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


def _recorder(run: Run) -> Callable[..., None]:
    def record(*, start_time: float, response_time: float, exception: object, **_: Any) -> None:
        run.records.add(start_time, response_time, is_right=exception is None)

    return record


@events.quitting.add_listener
def save(environment: Environment, **_: Any) -> None:
    """Write what was recorded."""
    if file := environment.parsed_options.record:
        environment.loadtest.records.save(file)


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
