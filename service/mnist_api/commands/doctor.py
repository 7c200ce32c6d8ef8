"""`mnist-api doctor`: what would keep the service from serving well, told before it starts."""

import argparse
import os
from collections.abc import Iterator

from mnist_api.commands.checks import (
    Finding,
    check_address,
    check_memcached,
    check_traces,
    check_versions,
    check_weights,
)
from mnist_api.commands.exits import Exit
from mnist_api.environment import PREFIX, from_environment
from mnist_api.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none: it examines what `serve` would do in the same environment."""


def run(args: argparse.Namespace) -> int:
    """Print each finding as it is made; exit with the gravest."""
    worst = Exit.OK
    for finding in examine():
        print(finding, flush=True)
        worst = max(worst, finding.exit_code)
    return worst


def examine() -> Iterator[Finding]:
    """Yield the findings. Without settings there is nothing further to examine but the versions."""
    yield check_versions()
    try:
        settings = from_environment()
    except SettingsError as error:
        yield Finding("settings", f"{error}. `mnist-api settings` lists all.", Exit.CONFIGURATION)
        return
    given = sorted(name for name in os.environ if name.startswith(PREFIX))
    yield Finding("settings", f"given: {', '.join(given)}" if given else "all by default")
    yield check_weights(settings.weights_folder)
    yield from check_memcached(settings.memcached, settings.memcached_timeout_seconds)
    yield check_address(settings.bind)
    yield check_traces(os.environ)
