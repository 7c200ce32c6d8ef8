"""What can be asked, address by address: the part of the API's description that no type holds."""

from collections.abc import Mapping, Sequence
from typing import Final

from mnist_api import errors
from mnist_api.http.health import Alive, Ready
from mnist_api.http.inference_v2 import (
    ModelMetadata,
    ModelReady,
    ServerLive,
    ServerMetadata,
    ServerReady,
)
from mnist_api.http.inputs import BulkBody, PredictRequest
from mnist_api.http.models import ModelDescription, ModelList
from mnist_api.http.operation import (
    FILE,
    JSON,
    TEXT,
    Body,
    Operation,
    Operations,
    Parameter,
    Schema,
)
from mnist_api.http.predict import PredictResponse
from mnist_api.http.tensors import InferRequest, InferResponse

_FLAG: Final[Schema] = {"type": "boolean", "default": False}
_SPELT_FLAG: Final[Schema] = {"type": "string", "enum": ["true", "false"]}
ANYWHERE: Final = (errors.MalformedRequest, errors.IncompleteHead, errors.Overloaded)
"""What the connection itself answers to any request."""

MODEL: Final = Parameter("name", "path", "The model's name, as `/models` lists it.", TEXT)
_VERSION: Final = Parameter("version", "path", "The version that is served, or another.", TEXT)
TIMEOUT: Final = Parameter(
    "X-Request-Timeout-Ms",
    "header",
    "How long after its arrival the request is still worth computing, in milliseconds.",
    {"type": "integer", "minimum": 0, "maximum": 999_999_999},
)
_OPTIONS: Final = (
    Parameter("model", "query", "Which model; without it all answer, and the majority.", TEXT),
    Parameter("probabilities", "query", "Add ten calibrated probabilities a model.", _FLAG),
    Parameter("normalised", "query", "Add the 28x28 picture that the models saw.", _FLAG),
    Parameter("version", "query", "Of the model, this version, whichever is served.", TEXT),
    Parameter("Cache-Control", "header", "`no-cache` asks for a fresh answer.", TEXT),
    TIMEOUT,
)
_SINGLE: Final = {"$ref": "#/components/schemas/PredictResponse"}
_RESULT: Final = {"anyOf": [_SINGLE, {"$ref": "#/components/schemas/ErrorBody"}]}
_RESULTS: Final = {"type": "array", "items": _RESULT}
_ANSWERS: Final[Schema] = {
    "anyOf": [
        _SINGLE,
        {"type": "object", "required": ["results"], "properties": {"results": _RESULTS}},
    ]
}
_FORM: Final[Schema] = {
    "type": "object",
    "required": ["image"],
    "properties": {
        "image": {"type": "array", "items": FILE, "minItems": 1},
        "model": TEXT,
        "probabilities": _SPELT_FLAG,
        "normalised": _SPELT_FLAG,
        "version": TEXT,
    },
}
_IMAGES: Final = (
    Body(JSON, (PredictRequest, BulkBody)),
    Body("image/*", FILE),
    Body("multipart/form-data", _FORM),
    Body("application/zip", FILE),
    Body("application/x-npy", FILE),
)
NO_ROOM: Final = (
    errors.IncompleteBody,
    errors.BodyTooLarge,
    errors.BatchTooLarge,
    errors.ImageTooLarge,
    errors.DeadlineExceeded,
)
NO_PICTURE: Final = (errors.InvalidBase64, errors.NotAnImage, errors.NoDigit)
_INFER_ERRORS: Final = (
    errors.InvalidJson,
    errors.InvalidRequest,
    errors.InvalidTensor,
    errors.ModelNotFound,
    errors.VersionNotFound,
    errors.StoreUnavailable,
    *NO_ROOM,
    *NO_PICTURE,
)


def _model_v2(name: str, parameters: Sequence[Parameter]) -> dict[str, Mapping[str, Operation]]:
    """Return the operations on a model of the Open Inference Protocol, at one kind of address."""
    missing = (errors.ModelNotFound, errors.VersionNotFound, errors.StoreUnavailable)
    return {
        "": {
            "get": Operation(
                f"{name}Metadata",
                "What the model takes and gives",
                "inference",
                [Body(JSON, (ModelMetadata,))],
                parameters=parameters,
                failures=missing,
                links={"modelInfer": "/name"},
            )
        },
        "/ready": {
            "get": Operation(
                f"{name}Ready",
                "Whether the model is loaded",
                "inference",
                [Body(JSON, (ModelReady,))],
                parameters=parameters,
                failures=missing,
            )
        },
        "/infer": {
            "post": Operation(
                f"{name}Infer",
                "Labels and probabilities of a batch",
                "inference",
                [Body(JSON, (InferResponse,)), Body("application/octet-stream", FILE)],
                [Body(JSON, (InferRequest,)), Body("application/octet-stream", FILE)],
                parameters=(*parameters, TIMEOUT),
                failures=_INFER_ERRORS,
            )
        },
    }


OPERATIONS: Final[Operations] = {
    "/predict": {
        "post": Operation(
            "predict",
            "The digit of an image, or of each of many",
            "prediction",
            [Body(JSON, _ANSWERS), Body("application/x-ndjson", _RESULT)],
            _IMAGES,
            parameters=_OPTIONS,
            failures=(
                errors.InvalidJson,
                errors.InvalidRequest,
                errors.UnsupportedMediaType,
                errors.UnknownModel,
                errors.VersionNotFound,
                errors.StoreUnavailable,
                *NO_ROOM,
                *NO_PICTURE,
            ),
            types=(PredictResponse,),
        )
    },
    "/models": {
        "get": Operation(
            "models",
            "The models",
            "models",
            [Body(JSON, (ModelList,))],
            links=dict.fromkeys(
                ("model", "modelMetadata", "modelReady", "modelInfer"), "/models/0"
            ),
        )
    },
    "/models/{name}": {
        "get": Operation(
            "model",
            "Where a model comes from and how good it is",
            "models",
            [Body(JSON, (ModelDescription,))],
            parameters=[MODEL],
            failures=[errors.ModelNotFound],
        )
    },
    "/v2": {"get": Operation("server", "The server", "inference", [Body(JSON, (ServerMetadata,))])},
    "/v2/health/live": {
        "get": Operation("serverLive", "Alive", "inference", [Body(JSON, (ServerLive,))])
    },
    "/v2/health/ready": {
        "get": Operation("serverReady", "Ready", "inference", [Body(JSON, (ServerReady,))])
    },
    **{
        f"/v2/models/{{name}}{tail}": methods
        for tail, methods in _model_v2("model", [MODEL]).items()
    },
    **{
        f"/v2/models/{{name}}/versions/{{version}}{tail}": methods
        for tail, methods in _model_v2("version", [MODEL, _VERSION]).items()
    },
    "/healthz": {
        "get": Operation(
            "healthz", "Whether the event loop turns", "operation", [Body(JSON, (Alive,))]
        )
    },
    "/readyz": {
        "get": Operation(
            "readyz", "Whether the models are loaded", "operation", [Body(JSON, (Ready,))]
        )
    },
    "/metrics": {
        "get": Operation(
            "metrics",
            "The figures of all workers, for Prometheus",
            "operation",
            [Body("text/plain", TEXT)],
        )
    },
}
