"""OpenTelemetry traces: a span for each request, and within it one for each stage.

Imported only where an endpoint for traces is set; needs the extra [otel]. What OTEL_* variables say
of samplers, batches, headers and the like is read by the SDK itself. Nothing becomes global.
"""

from threading import Thread
from time import perf_counter, time_ns
from typing import Final

from falcon.asgi import Request, Response
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PROPAGATOR: Final = TraceContextTextMapPropagator()
# How long a worker that stops tries to get rid of its last spans. Well within the grace time: a
# collector that is gone or hangs must not be what a rolling update waits for.
_CLOSE_SECONDS: Final = 2.0


class Tracing:
    """A Falcon middleware, and the watcher of stages that belongs to it."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer: Tracer = provider.get_tracer("mnist_api")

    async def process_request(self, req: Request, resp: Response) -> None:
        """Begin the request's span, as a child of the client's where a `traceparent` names one."""
        span = self._tracer.start_span(
            "request", _parent(req), SpanKind.SERVER, _request_attributes(req)
        )
        req.context.span = span
        req.context.span_token = attach(set_span_in_context(span))

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """End it, named by the route: names of bounded number, as for metrics."""
        span = req.context.span
        method = req.method if req.method in _METHODS else "HTTP"
        span.update_name(f"{method} {req.uri_template}" if req.uri_template else method)
        if span.is_recording():
            span.set_attributes(_response_attributes(req, resp))
            if resp.status_code >= 500:
                span.set_status(Status(StatusCode.ERROR))
        detach(req.context.span_token)
        span.end()

    def stage(self, name: str, start: float, end: float) -> None:
        """Add a stage that has ended to the current request's span; see `StageWatcher`."""
        epoch = time_ns() - int(perf_counter() * 1e9)
        span = self._tracer.start_span(name, start_time=epoch + int(start * 1e9))
        span.end(epoch + int(end * 1e9))

    def close(self) -> None:
        """Send what is left, for a short time only."""
        # NOTE: the SDK's own shutdown may take 30 s, and its time cannot be chosen.
        closer = Thread(target=self._provider.shutdown, daemon=True)
        closer.start()
        closer.join(_CLOSE_SECONDS)


def start_tracing() -> Tracing:
    """Return tracing as the OTEL_* variables have it; spans leave from a thread of their own."""
    resource = Resource.create()
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "mnist-api"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


def _parent(req: Request) -> Context:
    carrier = {
        name: value
        for name in ("traceparent", "tracestate")
        if (value := req.get_header(name)) is not None
    }
    # An empty context, not the current one: nothing of another request can be the parent.
    return _PROPAGATOR.extract(carrier, Context())


def _request_attributes(req: Request) -> dict[str, AttributeValue]:
    known = req.method in _METHODS
    attributes: dict[str, AttributeValue] = {
        "http.request.method": req.method if known else "_OTHER",
        "url.scheme": req.scheme,
        "url.path": req.path,
        "network.protocol.version": req.scope.get("http_version", "1.1"),
    }
    if not known:
        attributes["http.request.method_original"] = req.method
    # NOTE: not req.host and req.port, which raise on what a client may write there.
    host = req.get_header("Host") or ""
    name, _, port = host.rpartition(":")
    if port.isdecimal() and len(port) <= 5:
        attributes |= {"server.address": name, "server.port": int(port)}
    elif host:
        attributes["server.address"] = host
    if req.user_agent:
        attributes["user_agent.original"] = req.user_agent
    return attributes


def _response_attributes(req: Request, resp: Response) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {"http.response.status_code": resp.status_code}
    if req.uri_template:
        attributes["http.route"] = req.uri_template
    if resp.status_code >= 500:
        attributes["error.type"] = str(resp.status_code)
    for name, header in (("mnist_api.request_id", "X-Request-ID"), ("mnist_api.cache", "X-Cache")):
        value = resp.get_header(header)
        if value is not None:
            attributes[name] = value
    return attributes
