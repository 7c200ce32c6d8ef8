"""The retraining loop's part of the composition root; imported only where a token is set."""

from typing import NamedTuple

from falcon.asgi import App, Request, Response
from prometheus_client import CollectorRegistry

from mnist_api.http.audit import AuditResource
from mnist_api.http.auth import Gatekeeper
from mnist_api.http.jobs import JobResource, JobsResource, RetrainResource
from mnist_api.http.patience import Patience
from mnist_api.http.samples import ExportResource, SampleResource, SamplesResource
from mnist_api.http.shadow import ShadowResource
from mnist_api.http.versions import ActivateResource, VersionsResource
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Catalog
from mnist_api.models.mirror import Mirror
from mnist_api.models.shelf import Shelf
from mnist_api.prediction.pictures import Pictures
from mnist_api.retraining.activation import Follower
from mnist_api.retraining.audit import Audit
from mnist_api.retraining.cluster import Cluster, ClusterRunner
from mnist_api.retraining.jobs import Jobs
from mnist_api.retraining.metrics import LoopMetrics
from mnist_api.retraining.runner import LocalRunner, Runner
from mnist_api.retraining.samples import Samples
from mnist_api.retraining.shadow import Shadower, Shadows
from mnist_api.retraining.stores import ObjectStore, open_store
from mnist_api.retraining.versions import Versions
from mnist_api.settings import Settings
from mnist_api.tokens import read_tokens


class Served(NamedTuple):
    """What serves, and what the loop changes in it."""

    catalog: Catalog
    shelf: Shelf
    mirror: Mirror


def add_loop(
    app: App[Request, Response],
    settings: Settings,
    served: Served,
    pictures: Pictures,
    patience: Patience,
    metrics: Metrics,
    registry: CollectorRegistry,
) -> None:
    """Add what only those may call who bear a token.

    Raises:
        SettingsError: as `read_tokens` says.
    """
    catalog, shelf, mirror = served
    gatekeeper = Gatekeeper(read_tokens(settings), settings.samples_per_second)
    store = open_store(settings.store)
    samples = Samples(store, settings.max_samples)
    versions = Versions(store, {model.name: model.entry for model in catalog})
    shelf.load_by(versions.find)
    shadows, loop_metrics = Shadows(store, versions), LoopMetrics(registry)
    shadower = Shadower(shadows, versions, shelf, mirror, loop_metrics)
    poll = settings.activation_poll_seconds
    follower = Follower(catalog, shelf, versions, shadower, metrics, loop_metrics, poll)
    app.add_middleware(follower)
    app.add_route(
        "/samples",
        SamplesResource(gatekeeper, samples, pictures, patience, settings.max_body_bytes),
    )
    app.add_route("/audit", AuditResource(gatekeeper, Audit(store)))
    app.add_route("/samples/export", ExportResource(gatekeeper, samples))
    app.add_route("/samples/{id_}", SampleResource(gatekeeper, samples))
    runner = _runner(settings, store)
    retrain = RetrainResource(gatekeeper, catalog, runner, settings.max_body_bytes)
    app.add_route("/models/{name}/retrain", retrain)
    app.add_route("/jobs", JobsResource(gatekeeper, runner.jobs))
    app.add_route("/jobs/{id_}", JobResource(gatekeeper, runner))
    app.add_route("/models/{name}/versions", VersionsResource(gatekeeper, catalog, versions))
    app.add_route(
        "/models/{name}/activate",
        ActivateResource(gatekeeper, catalog, versions, settings.max_body_bytes),
    )
    shadow = ShadowResource(gatekeeper, catalog, shadows, settings.max_body_bytes)
    app.add_route("/models/{name}/shadow", shadow)


def _runner(settings: Settings, store: ObjectStore) -> Runner:
    if settings.job_template:
        return ClusterRunner(store, Cluster(settings.job_template))
    return LocalRunner(Jobs(store), settings.store, settings.weights_folder, settings.keep_versions)
