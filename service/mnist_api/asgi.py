"""What gunicorn's workers load: `mnist_api.asgi:application()`."""

import os
from typing import TYPE_CHECKING

from falcon.asgi import App, Request, Response
from gunicorn.arbiter import Arbiter
from prometheus_client import CollectorRegistry

from mnist_api.app import create_app
from mnist_api.environment import from_environment, traces_endpoint
from mnist_api.errors import WeightsError
from mnist_api.logs import LOGGER
from mnist_api.models.catalog import load_catalog

if TYPE_CHECKING:
    from mnist_api.tracing import Tracing


def application() -> App[Request, Response]:
    """Load the models and build the app, once in every worker.

    Raises:
        SystemExit: the models cannot be served; with the code on which gunicorn stops for good
            instead of trying again for ever.
    """
    settings = from_environment()
    try:
        catalog = load_catalog(settings.weights_folder)
    except WeightsError as error:
        LOGGER.critical(str(error))
        raise SystemExit(Arbiter.APP_LOAD_ERROR) from error
    return create_app(settings, catalog, CollectorRegistry(), tracing())


def tracing() -> "Tracing | None":
    """Return what makes traces, or None where none are wanted or OpenTelemetry is missing.

    Platforms set the endpoint for every pod, so a missing extra is no reason not to serve.
    """
    endpoint = traces_endpoint(os.environ)
    if endpoint is None:
        return None
    try:
        # Imported here: half a second and 20 MB that nobody should pay for traces they do not want.
        from mnist_api.tracing import start_tracing  # noqa: PLC0415
    except ModuleNotFoundError as error:
        LOGGER.warning(f"no traces for {endpoint}: {error}; pip install 'mnist-api[otel]'")
        return None
    return start_tracing()
