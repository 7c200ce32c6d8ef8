"""What happens around every request: its id, its measurement, its log line, its headers."""

import re
from random import getrandbits
from time import perf_counter

from falcon.asgi import Request, Response

from mnist_api.http.turn import turn_of
from mnist_api.logs import LOGGER
from mnist_api.metrics import Metrics

# What a request may be called by its client.
REQUEST_ID = r"[A-Za-z0-9._-]{1,64}"
_REQUEST_ID = re.compile(REQUEST_ID)
# W3C Trace Context: version, trace id (not all zeros), parent id, flags.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def new_request_id() -> str:
    """Return an id for a request that came without one: 16 hexadecimal digits, no secret."""
    return f"{getrandbits(64):016x}"


def request_id(given: str | None, traceparent: str | None) -> str:
    """Return the id that the client gave, or its trace's, or a new one."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    if traceparent is not None and (match := _TRACEPARENT.fullmatch(traceparent)):
        return match[1]
    return new_request_id()


class Observability:
    """Counts, times and, where it is switched on, logs every request."""

    def __init__(self, metrics: Metrics, *, access_log: bool) -> None:
        self._metrics = metrics
        self._access_log = access_log

    async def process_request(self, req: Request, resp: Response) -> None:
        """Name the request before anything else happens to it."""
        req.context.start = turn_of(req).arrived
        req.context.request_id = request_id(
            req.get_header("X-Request-ID"), req.get_header("traceparent")
        )
        resp.set_headers(
            {
                "X-Request-ID": req.context.request_id,
                "X-Content-Type-Options": "nosniff",
                "Server": "mnist-api",
            }
        )

    async def process_response(
        self,
        req: Request,
        resp: Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Count and time the request, under names of bounded number only."""
        seconds = perf_counter() - req.context.start
        route = req.uri_template or "unmatched"
        method = req.method if req.method in _METHODS else "other"
        status = str(resp.status_code)
        self._metrics.answered(route, method, status, seconds)
        if self._access_log:
            LOGGER.info(
                "request",
                extra={
                    "fields": {
                        "request_id": req.context.request_id,
                        "route": route,
                        "method": method,
                        "status": resp.status_code,
                        "duration_ms": round(seconds * 1000, 3),
                    }
                },
            )
