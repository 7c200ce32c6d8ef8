"""How many users there are, as locust asks for it."""

import logging

from locust import LoadTestShape

from loadtest.shapes import Shape, saturated

LOGGER = logging.getLogger("loadtest")


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
