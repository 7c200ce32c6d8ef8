"""The retraining loop's part of the composition root; imported only where a token is set."""

from falcon.asgi import App, Request, Response

from mnist_api.http.auth import Gatekeeper
from mnist_api.http.patience import Patience
from mnist_api.http.samples import ExportResource, SampleResource, SamplesResource
from mnist_api.prediction.pictures import Pictures
from mnist_api.retraining.samples import Samples
from mnist_api.retraining.stores import open_store
from mnist_api.settings import Settings
from mnist_api.tokens import read_tokens


def add_loop(
    app: App[Request, Response], settings: Settings, pictures: Pictures, patience: Patience
) -> None:
    """Add what only those may call who bear a token.

    Raises:
        SettingsError: as `read_tokens` says.
        StoreUnavailable: the store cannot be opened.
    """
    gatekeeper = Gatekeeper(read_tokens(settings), settings.samples_per_second)
    samples = Samples(open_store(settings.store), settings.max_samples)
    app.add_route(
        "/samples",
        SamplesResource(gatekeeper, samples, pictures, patience, settings.max_body_bytes),
    )
    app.add_route("/samples/export", ExportResource(gatekeeper, samples))
    app.add_route("/samples/{id_}", SampleResource(gatekeeper, samples))
