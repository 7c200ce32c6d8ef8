"""What the commands that ask a running service share: its address, and words for its absence."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from mnist_api.client import DEFAULT_URL, OVERLOADED, Client, Refused, Unreachable
from mnist_api.commands.exits import Exit

# Not MNIST_API_URL: what begins so is a setting of the service, and an unknown one stops its start.
URL_VARIABLE = "MNIST_URL"


def add_url(parser: argparse.ArgumentParser) -> None:
    """Add `--url`."""
    parser.add_argument(
        "--url",
        dest="client",
        metavar="URL",
        type=_client,
        default=os.environ.get(URL_VARIABLE) or DEFAULT_URL,
        help=f"where the service is (default: {URL_VARIABLE}, or {DEFAULT_URL})",
    )


def _client(url: str) -> Client:
    try:
        return Client(url)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def complain(sentence: str) -> None:
    """Say on stderr what is wrong."""
    sys.stderr.write(f"mnist-api: {sentence}\n")


def exit_code(error: Refused) -> Exit:
    """Return the exit code for an answer that is none."""
    if error.status in OVERLOADED:
        return Exit.TRY_LATER
    return Exit.DATA if error.code and error.status < 500 else Exit.SOFTWARE


def asking(client: Client, ask: Callable[[], int]) -> int:
    """Run what asks the service; say it in a sentence when that is not there."""
    try:
        return ask()
    except Unreachable as error:
        complain(
            f"{error}. Start the service with `mnist-api serve`, or say where it is with --url "
            f"or {URL_VARIABLE}."
        )
        return Exit.UNAVAILABLE
    except Refused as error:
        complain(error.message)
        return exit_code(error)
    finally:
        client.close()


def table_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [line(row, widths) for row in rows]


def line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Return one row of a table."""
    cells = [
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
