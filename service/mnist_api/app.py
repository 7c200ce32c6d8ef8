"""The composition root: the one place that knows how the parts fit together."""

import math
from typing import TYPE_CHECKING

from falcon.asgi import App, Request, Response
from prometheus_client import CollectorRegistry

from mnist_api.cache.addresses import Addresses, parse_addresses
from mnist_api.cache.costs import Costs
from mnist_api.cache.local import LocalCache
from mnist_api.cache.memcached import Memcached
from mnist_api.cache.tiered import TieredCache
from mnist_api.http.errors import add_error_handlers
from mnist_api.http.express import Express
from mnist_api.http.gate import Gate
from mnist_api.http.health import LivenessResource, MetricsResource, ReadinessResource
from mnist_api.http.inference_v2 import Finder, InferResource, ModelV2Resource, ServerResource
from mnist_api.http.lifespan import Lifespan
from mnist_api.http.middleware import Observability
from mnist_api.http.models import ModelResource, ModelsResource
from mnist_api.http.openapi import OpenApiResource
from mnist_api.http.operations import OPERATIONS
from mnist_api.http.page import PageResource
from mnist_api.http.patience import Patience
from mnist_api.http.predict import PredictResource
from mnist_api.http.response_cache import ResponseCache
from mnist_api.imaging.decode import Limits
from mnist_api.metrics import Metrics
from mnist_api.models.catalog import Catalog
from mnist_api.models.mirror import Mirror
from mnist_api.models.shelf import Shelf
from mnist_api.prediction.admission import Admission
from mnist_api.prediction.batch import BatchPredictor
from mnist_api.prediction.decode_pool import DecodePool
from mnist_api.prediction.holding import Holding
from mnist_api.prediction.pictures import Pictures
from mnist_api.prediction.predictor import Predictor
from mnist_api.settings import Settings
from mnist_api.tokens import is_retraining_on

if TYPE_CHECKING:
    from mnist_api.tracing import Tracing


def create_app(
    settings: Settings,
    catalog: Catalog,
    registry: CollectorRegistry,
    tracing: "Tracing | None" = None,
) -> App[Request, Response]:
    """Wire the service together.

    Args:
        settings: what the operator chose.
        catalog: the models, loaded and verified.
        registry: where this process's metrics are registered; a fresh one for each app.
        tracing: what makes spans of requests, where the operator wants traces.
    """
    watch = tracing.stage if tracing else None
    metrics = Metrics(registry)
    for model in catalog:
        metrics.describe_model(model, is_served=True)
    pool = DecodePool(settings.decode_threads, settings.max_decode_wait_ms / 1000, metrics)
    admission, holding = _admission(settings)
    patience = Patience(settings.request_timeout_ms / 1000, admission, metrics)
    shelf, mirror = Shelf(catalog), Mirror(catalog)
    costs = Costs()
    limits = Limits(settings.max_pixels, settings.max_frames)
    # Beside Falcon a request has no log line and no trace. Where these are wanted all take its way,
    # and all memory is for answers, none for responses.
    is_express = not settings.access_log and tracing is None
    response_bytes = settings.cache_bytes // 2 if is_express else 0
    responses = ResponseCache(response_bytes, catalog, metrics)
    local = LocalCache(settings.cache_bytes - response_bytes)
    cache = TieredCache(local, _memcached(settings), costs, metrics, watch)
    metrics.describe_cache(lambda: local.size_bytes + responses.size_bytes, lambda: len(local))
    pictures = Pictures(limits, settings.inline_pixels, pool, costs, metrics, watch)
    predictor = Predictor(pictures, cache, costs, metrics, mirror, watch)
    closers = [pool.close, cache.close]
    app = App()
    if tracing is not None:
        app.add_middleware(tracing)
        closers.append(tracing.close)
    app.add_middleware(Observability(metrics, access_log=settings.access_log))
    operations = OPERATIONS
    if is_retraining_on(settings):
        # Imported here, so that who does not want it has nothing of it.
        from mnist_api.http.retraining_operations import RETRAINING_OPERATIONS  # noqa: PLC0415
        from mnist_api.loop import Served, add_loop  # noqa: PLC0415

        served = Served(catalog, shelf, mirror)
        add_loop(app, settings, served, pictures, patience, metrics, registry)
        operations = {**OPERATIONS, **RETRAINING_OPERATIONS}
    express = Express(catalog, predictor, responses, metrics, settings.max_body_bytes)
    gate = Gate(admission, holding, pool, settings.inline_pixels, metrics)
    state = {
        "settings": settings,
        "metrics": metrics,
        "admission": admission,
        "gate": gate,
        "responses": responses,
        "express": express if is_express else None,
    }
    app.add_middleware(Lifespan(settings, catalog, metrics, state, closers))
    app.req_options.strip_url_path_trailing_slash = True
    add_error_handlers(app)
    page = PageResource(takes_corrections=is_retraining_on(settings))
    app.add_route("/", page)
    app.add_route("/docs", page, suffix="docs")
    app.add_route("/static/{file}", page)
    predict = PredictResource(
        catalog, shelf, predictor, patience, settings.max_body_bytes, settings.max_batch
    )
    app.add_route("/predict", predict)
    app.add_route("/models", ModelsResource(catalog))
    app.add_route("/models/{name}", ModelResource(catalog))
    _add_inference_v2(
        app, catalog, shelf, pictures, BatchPredictor(metrics, mirror, watch), patience, settings
    )
    app.add_route("/openapi.json", OpenApiResource(operations))
    app.add_route("/healthz", LivenessResource())
    app.add_route("/readyz", ReadinessResource(catalog))
    app.add_route("/metrics", MetricsResource(metrics, registry))
    return app


def _admission(settings: Settings) -> tuple[Admission, Holding]:
    holding = Holding()
    places = settings.proxy_max_conns / settings.workers or math.inf
    return Admission(settings.max_wait_ms / 1000, places=places, held=holding), holding


def _add_inference_v2(
    app: App[Request, Response],
    catalog: Catalog,
    shelf: Shelf,
    pictures: Pictures,
    batches: BatchPredictor,
    patience: Patience,
    settings: Settings,
) -> None:
    finder = Finder(catalog, shelf)
    server, model = ServerResource(), ModelV2Resource(finder)
    infer = InferResource(
        finder, pictures, batches, patience, settings.max_body_bytes, settings.max_batch
    )
    app.add_route("/v2", server)
    app.add_route("/v2/health/live", server, suffix="live")
    app.add_route("/v2/health/ready", server, suffix="ready")
    for address in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        app.add_route(address, model)
        app.add_route(f"{address}/ready", model, suffix="ready")
        app.add_route(f"{address}/infer", infer)


def _memcached(settings: Settings) -> Memcached | None:
    if not settings.memcached:
        return None
    addresses = Addresses(parse_addresses(settings.memcached))
    return Memcached(addresses, settings.memcached_timeout_seconds)
