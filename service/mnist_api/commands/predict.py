"""`mnist-api predict`: pictures in, digits out, by a running service."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mnist_api.client import Client, Refused
from mnist_api.commands.asking import add_url, asking, complain, exit_code, line
from mnist_api.commands.exits import Exit

# Connections at a time. A service of one worker is busy with two; more hide the network's delay.
_CONNECTIONS = 8
# From so many files on a terminal shows a bar.
_MANY = 10

# shtab.FILE, without the import of shtab.
_COMPLETE_FILES = (
    ("bash", "_shtab_compgen_files"),
    ("zsh", "_files"),
    ("tcsh", "f"),
    ("fish", "(__fish_complete_path (commandline -ct))"),
    ("powershell", "_shtab_powershell_compgen_files"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, the model, where the service is and how to print."""
    files = parser.add_argument(
        "files", nargs="+", metavar="FILE", help="pictures; - is standard input"
    )
    vars(files)["complete"] = dict(_COMPLETE_FILES)
    parser.add_argument("--model", help="ask this model only (default: all, and their majority)")
    add_url(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, one file a line")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    file: str
    answer: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    code: str | None = None
    exit_code: Exit = Exit.OK


class Printer(Protocol):
    """A way to print outcomes."""

    def lines(self, outcome: Outcome) -> Iterator[str]:
        """Return what is printed for one."""
        ...


class JsonLines:
    """One object a file, errors too."""

    def lines(self, outcome: Outcome) -> Iterator[str]:
        """Return the object."""
        said = {"error": outcome.error, "code": outcome.code} if outcome.error else outcome.answer
        yield json.dumps({"file": outcome.file, **said})


class Table:
    """One row a file, printed as the answers come; errors go to stderr."""

    def __init__(self, files: Sequence[str]) -> None:
        self._width = max(map(len, ["file", *files]))
        self._has_head = False

    def lines(self, outcome: Outcome) -> Iterator[str]:
        """Return the row; before the first answer's also the head."""
        if outcome.error:
            return
        digits = {"digit": outcome.answer["prediction"], **outcome.answer.get("predictions", {})}
        widths = [self._width, *map(len, digits)]
        if not self._has_head:
            self._has_head = True
            yield line(["file", *digits], widths)
        yield line([outcome.file, *map(str, digits.values())], widths)


def run(args: argparse.Namespace) -> int:
    """Ask for all files at once; print the answers in the files' order."""
    if args.files.count("-") > 1:
        complain("standard input can be read only once")
        return Exit.USAGE
    client: Client = args.client
    return asking(client, lambda: _predict(client, args))


def _predict(client: Client, args: argparse.Namespace) -> int:
    printer: Printer = JsonLines() if args.json else Table(args.files)
    worst = Exit.OK
    pool = ThreadPoolExecutor(min(_CONNECTIONS, len(args.files)))
    try:
        outcomes = pool.map(lambda file: _ask(client, file, args.model), args.files)
        followed, say = _follow(outcomes, len(args.files))
        for outcome in followed:
            worst = max(worst, outcome.exit_code)
            for text in printer.lines(outcome):
                print(text, flush=True)
            if outcome.error:
                say(f"mnist-api: {outcome.file}: {outcome.error}")
    finally:
        client.close()
        pool.shutdown(cancel_futures=True)
    return worst


def _ask(client: Client, file: str, model: str | None) -> Outcome:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        return Outcome(file, error=f"cannot be read: {error.strerror}", exit_code=Exit.NO_INPUT)
    try:
        return Outcome(file, client.predict(content, model))
    except Refused as error:
        return Outcome(file, error=error.message, code=error.code, exit_code=exit_code(error))


def _follow(
    outcomes: Iterator[Outcome], count: int
) -> tuple[Iterable[Outcome], Callable[[str], None]]:
    """Return the outcomes and what prints a complaint.

    On a terminal a bar follows many outcomes, unless their rows are to be seen there themselves.
    """
    if count < _MANY or not sys.stderr.isatty() or sys.stdout.isatty():
        return outcomes, lambda text: print(text, file=sys.stderr)
    # Imported here: it takes longer than all the rest of a call for one file.
    from tqdm import tqdm  # noqa: PLC0415

    bar = tqdm(outcomes, total=count, unit=" files", leave=False)
    return bar, lambda text: bar.write(text, file=sys.stderr)
