"""The one place where errors become responses: `{"error": <sentence>, "code": <stable code>}`."""

import msgspec
from falcon import HTTPError, HTTPMethodNotAllowed, HTTPNotFound
from falcon.asgi import App, Request, Response

from mnist_api.errors import ApiError, InvalidRequest, MethodNotAllowed, NotFound, Unauthorized
from mnist_api.logs import LOGGER

_INTERNAL = ApiError("the service failed; the request id says where to look in its log")


class ErrorBody(msgspec.Struct, frozen=True):
    """What is answered instead, whatever went wrong: a sentence, and a code that stays."""

    error: str
    code: str


def error_body(error: ApiError) -> bytes:
    """Return the JSON that a client gets for an error."""
    return msgspec.json.encode(ErrorBody(error.message, error.code))


def add_error_handlers(app: App[Request, Response]) -> None:
    """Answer every exception by the contract, ours, Falcon's and the unforeseen."""
    app.add_error_handler(Exception, _on_unforeseen)
    app.add_error_handler(HTTPError, _on_falcon_error)
    app.add_error_handler(ApiError, _on_api_error)


def _answer(resp: Response, error: ApiError) -> None:
    resp.status = error.status
    resp.content_type = "application/json"
    resp.data = error_body(error)
    if error.retry_after is not None:
        resp.set_header("Retry-After", str(error.retry_after))
    if isinstance(error, Unauthorized):
        resp.set_header("WWW-Authenticate", 'Bearer realm="mnist-api"')


async def _on_api_error(
    req: Request,
    resp: Response,
    error: ApiError,
    params: dict[str, str],
) -> None:
    _answer(resp, error)


async def _on_falcon_error(
    req: Request,
    resp: Response,
    error: HTTPError,
    params: dict[str, str],
) -> None:
    if isinstance(error, HTTPNotFound):
        _answer(resp, NotFound("there is nothing at this address"))
    elif isinstance(error, HTTPMethodNotAllowed):
        _answer(resp, MethodNotAllowed(f"this address does not take {req.method}"))
        resp.set_headers(error.headers or {})
    else:
        _answer(resp, InvalidRequest(error.description or error.title or "the request is invalid"))


async def _on_unforeseen(
    req: Request,
    resp: Response,
    error: Exception,
    params: dict[str, str],
) -> None:
    LOGGER.error(
        "unforeseen error",
        exc_info=error,
        extra={"fields": {"request_id": req.context.request_id, "route": req.uri_template}},
    )
    _answer(resp, _INTERNAL)
