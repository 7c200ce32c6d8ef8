"""The command line: `mnist-api serve`, `mnist-api settings`."""

import argparse
import sys
from collections.abc import Sequence

from mnist_api.errors import SettingsError, WeightsError
from mnist_api.models.manifest import read_manifest, read_weights
from mnist_api.settings import Settings, from_environment, settings_table

# As sysexits.h has it for a configuration error; 0 is a clean stop.
EXIT_CONFIGURATION = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="mnist-api", description="Answers the picture of a handwritten digit with the digit."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service; MNIST_API_* variables configure it")
    commands.add_parser("settings", help="print the table of all settings")
    if parser.parse_args(argv).command == "settings":
        sys.stdout.write(settings_table())
        return 0
    try:
        check_weights(from_environment())
    except (SettingsError, WeightsError) as error:
        sys.stderr.write(f"mnist-api: {error}\n")
        return EXIT_CONFIGURATION
    return serve()


def check_weights(settings: Settings) -> None:
    """Verify every model file before a process is started for them.

    Raises:
        WeightsError: what is wrong with the first that cannot be served.
    """
    folder = settings.weights_folder
    for entry in read_manifest(folder).models.values():
        read_weights(folder, entry)


def serve() -> int:
    """Become gunicorn, until a signal stops it."""
    # Imported here: the other commands need neither gunicorn nor its 50 ms.
    from gunicorn.app.wsgiapp import run  # noqa: PLC0415

    sys.argv = ["gunicorn", "--config", "python:mnist_api.gunicorn_conf"]
    run()
    return 0
