"""The command line: `mnist-api predict`, `serve`, `doctor` and the others."""

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from mnist_api.commands.exits import Exit, exit_code_help

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "predict": "ask a running service for the digits on pictures",
        "models": "list the models that a running service has",
        "serve": "run the service; MNIST_API_* variables configure it",
        "doctor": "check settings, models, memcached and address before serving",
        "capacity": "tell how many pods a rate of predictions takes",
        "settings": "print the table of all settings",
        "completion": "print the completion for a shell",
    }
)


class Command(Protocol):
    """What each module of `mnist_api.commands` that is named above has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it, and return the exit code."""
        ...


def command(name: str) -> Command:
    """Import a command. `predict` starts in 0.1 s because nobody imports what `serve` needs."""
    return cast("Command", import_module(f"mnist_api.commands.{name}"))


def build_parser(complete: Iterable[str]) -> argparse.ArgumentParser:
    """Return the parser, with the arguments of only those commands that are named."""
    parser = argparse.ArgumentParser(
        prog="mnist-api",
        description="Answers the picture of a handwritten digit with the digit.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=exit_code_help(),
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title="commands"
    )
    for name, summary in COMMANDS.items():
        added = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=exit_code_help(),
        )
        if name in complete:
            command(name).add_arguments(added)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = sys.argv[1:] if argv is None else argv
    args = build_parser(given[:1]).parse_args(given)
    try:
        return command(args.command).run(args)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # `| head` has read enough. Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OUTPUT
