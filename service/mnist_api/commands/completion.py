"""`mnist-api completion`: what a shell needs to complete our command line.

shtab writes a script once; argcomplete would start Python on every press of the tab key.
"""

import argparse
import sys

import shtab

from mnist_api.cli import COMMANDS, build_parser
from mnist_api.commands.exits import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shell."""
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    sys.stdout.write(shtab.complete(build_parser(COMMANDS), args.shell) + "\n")
    return Exit.OK
