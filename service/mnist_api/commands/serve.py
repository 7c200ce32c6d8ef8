"""`mnist-api serve`: the service itself."""

import argparse
import sys

from mnist_api.commands.exits import Exit
from mnist_api.environment import from_environment
from mnist_api.errors import SettingsError, WeightsError
from mnist_api.models.manifest import read_manifest, read_weights
from mnist_api.settings import Settings
from mnist_api.tokens import is_retraining_on, read_tokens


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none: everything is a setting."""


def run(args: argparse.Namespace) -> int:
    """Check what can be checked in one process, then become gunicorn until a signal stops it."""
    try:
        settings = from_environment()
        check_weights(settings)
        if is_retraining_on(settings):
            read_tokens(settings)
    except (SettingsError, WeightsError) as error:
        sys.stderr.write(f"mnist-api: {error}\n")
        return Exit.CONFIGURATION
    # Imported here: it takes 50 ms, and a wrong setting is to be told before.
    from gunicorn.app.wsgiapp import run as run_gunicorn  # noqa: PLC0415

    sys.argv = ["gunicorn", "--config", "python:mnist_api.gunicorn_conf"]
    run_gunicorn()
    return Exit.OK


def check_weights(settings: Settings) -> None:
    """Verify every model file before a process is started for them.

    Raises:
        WeightsError: what is wrong with the first that cannot be served.
    """
    folder = settings.weights_folder
    for entry in read_manifest(folder).models.values():
        read_weights(folder, entry)
