"""What gunicorn's workers load: `mnist_api.asgi:application()`."""

from falcon.asgi import App, Request, Response
from gunicorn.arbiter import Arbiter
from prometheus_client import CollectorRegistry

from mnist_api.app import create_app
from mnist_api.errors import WeightsError
from mnist_api.logs import LOGGER
from mnist_api.models.catalog import load_catalog
from mnist_api.settings import from_environment


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
    return create_app(settings, catalog, CollectorRegistry())
