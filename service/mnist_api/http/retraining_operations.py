"""What can be asked where a token is set: the description of the retraining loop."""

from typing import Final

from mnist_api import errors
from mnist_api.http.audit import AuditLog
from mnist_api.http.jobs import JobDescription, JobList, RetrainRequest
from mnist_api.http.operation import (
    FILE,
    JSON,
    TEXT,
    Body,
    Operation,
    Operations,
    Parameter,
)
from mnist_api.http.operations import MODEL, NO_PICTURE, NO_ROOM, TIMEOUT
from mnist_api.http.samples import SampleList, SampleRequest, SampleResponse
from mnist_api.http.shadow import ShadowRequest, ShadowResponse
from mnist_api.http.versions import ActivateRequest, ActivateResponse, VersionList

_AFTER: Final = Parameter("after", "query", "The last page's `next`.", TEXT)
_LIMIT: Final = Parameter(
    "limit",
    "query",
    "How many at most.",
    {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
)
_PAGE: Final = (_AFTER, _LIMIT)
_SAMPLE: Final = Parameter("id_", "path", "The sample's id.", TEXT)
_JOB: Final = Parameter("id_", "path", "The job's id.", TEXT)
_READING: Final = (errors.Unauthorized, errors.StoreUnavailable)
_WRITING: Final = (*_READING, errors.TooManyRequests)
_BODY: Final = (
    errors.IncompleteBody,
    errors.BodyTooLarge,
    errors.InvalidJson,
    errors.InvalidRequest,
)

RETRAINING_OPERATIONS: Final[Operations] = {
    "/samples": {
        "post": Operation(
            "addSample",
            "Store a labelled digit",
            "retraining",
            [Body(JSON, (SampleResponse,))],
            [Body(JSON, (SampleRequest,))],
            parameters=(TIMEOUT,),
            failures=(
                *_WRITING,
                *NO_ROOM,
                *NO_PICTURE,
                errors.InvalidJson,
                errors.InvalidRequest,
                errors.SampleConflict,
                errors.SamplesFull,
            ),
            statuses=("200", "201"),
            is_secured=True,
        ),
        "get": Operation(
            "samples",
            "How many samples there are, and which",
            "retraining",
            [Body(JSON, (SampleList,))],
            parameters=_PAGE,
            failures=(*_READING, errors.InvalidRequest),
            is_secured=True,
        ),
    },
    "/samples/export": {
        "get": Operation(
            "exportSamples",
            "All samples as numpy arrays",
            "retraining",
            [Body("application/x-npz", FILE)],
            failures=_READING,
            is_secured=True,
        )
    },
    "/samples/{id_}": {
        "delete": Operation(
            "removeSample",
            "Remove a sample",
            "retraining",
            [],
            parameters=[_SAMPLE],
            failures=(*_WRITING, errors.SampleNotFound),
            statuses=("204",),
            is_secured=True,
        )
    },
    "/audit": {
        "get": Operation(
            "audit",
            "Who did what, oldest first",
            "retraining",
            [Body(JSON, (AuditLog,))],
            parameters=_PAGE,
            failures=(*_READING, errors.InvalidRequest),
            is_secured=True,
        )
    },
    "/models/{name}/retrain": {
        "post": Operation(
            "retrain",
            "Train a model on the 500 digits and the samples",
            "retraining",
            [Body(JSON, (JobDescription,))],
            [Body(JSON, (RetrainRequest,))],
            parameters=[MODEL],
            failures=(
                *_WRITING,
                *_BODY,
                errors.ModelNotFound,
                errors.JobRunning,
                errors.TrainingUnavailable,
                errors.ClusterUnavailable,
            ),
            statuses=("202",),
            is_secured=True,
        )
    },
    "/jobs": {
        "get": Operation(
            "jobs",
            "Trainings, oldest first",
            "retraining",
            [Body(JSON, (JobList,))],
            parameters=_PAGE,
            failures=(*_READING, errors.InvalidRequest),
            is_secured=True,
        )
    },
    "/jobs/{id_}": {
        "get": Operation(
            "job",
            "How far a training is, or how it ended",
            "retraining",
            [Body(JSON, (JobDescription,))],
            parameters=[_JOB],
            failures=(*_READING, errors.JobNotFound),
            is_secured=True,
        ),
        "delete": Operation(
            "cancelJob",
            "Have a training stop",
            "retraining",
            [Body(JSON, (JobDescription,))],
            parameters=[_JOB],
            failures=(*_WRITING, errors.JobNotFound),
            statuses=("202",),
            is_secured=True,
        ),
    },
    "/models/{name}/versions": {
        "get": Operation(
            "versions",
            "A model's versions, and which is active",
            "retraining",
            [Body(JSON, (VersionList,))],
            parameters=[MODEL],
            failures=(*_READING, errors.ModelNotFound),
            is_secured=True,
        )
    },
    "/models/{name}/shadow": {
        "get": Operation(
            "shadow",
            "Which version sees a share of a model's pictures",
            "retraining",
            [Body(JSON, (ShadowResponse,))],
            parameters=[MODEL],
            failures=(*_READING, errors.ModelNotFound),
            is_secured=True,
        ),
        "post": Operation(
            "setShadow",
            "Show a share of a model's pictures to a version that answers nobody",
            "retraining",
            [Body(JSON, (ShadowResponse,))],
            [Body(JSON, (ShadowRequest,))],
            parameters=[MODEL],
            failures=(*_WRITING, *_BODY, errors.ModelNotFound, errors.VersionNotFound),
            is_secured=True,
        ),
        "delete": Operation(
            "endShadow",
            "Show a model's pictures to nobody else",
            "retraining",
            [],
            parameters=[MODEL],
            failures=(*_WRITING, errors.ModelNotFound),
            statuses=("204",),
            is_secured=True,
        ),
    },
    "/models/{name}/activate": {
        "post": Operation(
            "activate",
            "Have all replicas serve a version",
            "retraining",
            [Body(JSON, (ActivateResponse,))],
            [Body(JSON, (ActivateRequest,))],
            parameters=[MODEL],
            failures=(
                *_WRITING,
                *_BODY,
                errors.ModelNotFound,
                errors.VersionNotFound,
            ),
            is_secured=True,
        )
    },
}
