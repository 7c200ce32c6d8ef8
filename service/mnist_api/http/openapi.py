"""`/openapi.json`: what the service answers, made from the types that read and write it.

The bodies' schemas are those of the msgspec Structs which decode and encode them, and the errors
those of the tree in `mnist_api.errors`, so that document and behaviour cannot differ.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec
from falcon.asgi import Request, Response

from mnist_api import errors
from mnist_api.http.errors import ErrorBody
from mnist_api.http.operation import (
    Body,
    Operation,
    Operations,
    Parameter,
    Schema,
    Structs,
)
from mnist_api.http.operations import ANYWHERE, OPERATIONS

_REFERENCE: Final = "#/components/schemas/{name}"
_BEARER: Final = "bearer"
_SECURITY: Final = {_BEARER: {"type": "http", "scheme": "bearer"}}
_DESCRIPTION: Final = """\
Answers the picture of a handwritten digit with the digit, by three models of 500 images each. Every
error is JSON with a sentence and a stable code; `X-Request-ID` names the request in the log."""


def document(operations: Operations = OPERATIONS) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of some operations."""
    types: dict[type[msgspec.Struct], None] = {}
    for operation in _all(operations):
        types.update(dict.fromkeys([ErrorBody, *_structs(operation)]))
    _, components = msgspec.json.schema_components(list(types), ref_template=_REFERENCE)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mnist-api",
            "version": version("mnist-api"),
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            path: {method: _described(operation) for method, operation in methods.items()}
            for path, methods in operations.items()
        },
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


def _all(operations: Operations) -> Sequence[Operation]:
    return [operation for methods in operations.values() for operation in methods.values()]


def _structs(operation: Operation) -> list[type[msgspec.Struct]]:
    bodies = [*operation.request, *operation.answer]
    kinds = [kind for body in bodies if isinstance(body.schema, tuple) for kind in body.schema]
    return [*operation.types, *kinds]


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": operation.name,
        "tags": [operation.tag],
        "responses": {
            **dict.fromkeys(operation.statuses, _success(operation)),
            **_failures((*operation.failures, *ANYWHERE)),
        },
    }
    if operation.is_secured:
        described["security"] = [{_BEARER: []}]
    if operation.links:
        described["responses"]["200"]["links"] = {
            name: {"operationId": name, "parameters": {"name": f"$response.body#{where}"}}
            for name, where in operation.links.items()
        }
    if operation.parameters:
        described["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.request:
        described["requestBody"] = {"required": True, "content": _content(operation.request)}
    return described


def _success(operation: Operation) -> dict[str, Any]:
    if not operation.answer:
        return {"description": "Done."}
    return {"description": "The answer.", "content": _content(operation.answer)}


def _content(bodies: Sequence[Body]) -> dict[str, Any]:
    return {body.media_type: {"schema": _schema(body.schema)} for body in bodies}


def _schema(schema: Structs | Schema) -> Schema:
    if not isinstance(schema, tuple):
        return schema
    references = [{"$ref": _REFERENCE.format(name=kind.__name__)} for kind in schema]
    return references[0] if len(references) == 1 else {"anyOf": references}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.meaning,
        "required": parameter.where == "path",
        "schema": parameter.schema,
    }


def _failures(kinds: Sequence[type[errors.ApiError]]) -> dict[str, Any]:
    """Return the error responses by status, each with the codes it may bear."""
    codes: dict[int, list[str]] = {}
    for kind in kinds:
        for status in (kind.status, *kind.further_statuses):
            codes.setdefault(status, []).append(kind.code)
    return {
        str(status): {
            "description": ", ".join(f"`{code}`" for code in sorted(codes[status])),
            "content": _content([Body("application/json", (ErrorBody,))]),
        }
        for status in sorted(codes)
    }


class OpenApiResource:
    """Serves the document, made once."""

    def __init__(self, operations: Operations) -> None:
        self._body = msgspec.json.encode(document(operations))

    async def on_get(self, req: Request, resp: Response) -> None:
        """Answer the document."""
        resp.set_header("Cache-Control", "no-cache")
        resp.data = self._body
