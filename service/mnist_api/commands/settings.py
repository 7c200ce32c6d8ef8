"""`mnist-api settings`: the table of all settings."""

import argparse
import sys

from mnist_api.commands.exits import Exit
from mnist_api.environment import settings_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    sys.stdout.write(settings_table())
    return Exit.OK
