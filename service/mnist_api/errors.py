"""Every error a client can meet: one tree, each with its HTTP status and a stable code.

The code is part of the public contract (clients branch on it); the sentence is for people and may
change. The core raises these and knows nothing else of HTTP; `mnist_api.http.errors` turns them
into responses.
"""

from collections.abc import Iterable


class ApiError(Exception):
    """Base of all errors that are answered to a client as `{"error": ..., "code": ...}`."""

    status: int = 500
    code: str = "internal_error"
    further_statuses: tuple[int, ...] = ()
    """Which others it is answered with, where HTTP has one that says more."""

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class InvalidJson(ApiError):
    """The body claims to be JSON and is not."""

    status, code = 400, "invalid_json"


class InvalidRequest(ApiError):
    """The body is well-formed but lacks a field, or a field has the wrong type."""

    status, code = 400, "invalid_request"


class MalformedRequest(ApiError):
    """The bytes are not HTTP/1.1, or exceed what one request line or header may have."""

    status, code = 400, "malformed_request"
    further_statuses = (414, 431)


class InvalidTensor(ApiError):
    """A tensor of the Open Inference Protocol that is not as the model's metadata say."""

    status, code = 400, "invalid_tensor"


class Unauthorized(ApiError):
    """The call needs a bearer token, and has none or a wrong one."""

    status, code = 401, "unauthorized"


class NotFound(ApiError):
    """No such address."""

    status, code = 404, "not_found"


class ModelNotFound(ApiError):
    """An address names a model that is not served."""

    status, code = 404, "model_not_found"


class VersionNotFound(ApiError):
    """An address names a version of a model that is not served."""

    status, code = 404, "version_not_found"


class SampleNotFound(ApiError):
    """An address names a sample that is not stored."""

    status, code = 404, "sample_not_found"


class JobNotFound(ApiError):
    """An address names a job that there is not."""

    status, code = 404, "job_not_found"


class MethodNotAllowed(ApiError):
    """The address exists, the method does not."""

    status, code = 405, "method_not_allowed"


class IncompleteBody(ApiError):
    """The body stopped before its announced end, or took too long to arrive."""

    status, code = 408, "incomplete_body"


class IncompleteHead(ApiError):
    """The request line and headers took too long to arrive."""

    status, code = 408, "incomplete_head"


class SampleConflict(ApiError):
    """The same picture is stored under another label."""

    status, code = 409, "sample_conflict"


class SamplesFull(ApiError):
    """As many samples are stored as may be."""

    status, code = 409, "samples_full"


class JobRunning(ApiError):
    """A model is being trained already, and one at a time is enough for a machine."""

    status, code = 409, "job_running"


class BodyTooLarge(ApiError):
    """The body has more bytes than the service reads."""

    status, code = 413, "body_too_large"


class ImageTooLarge(ApiError):
    """The image's header announces more pixels or frames than the service decodes."""

    status, code = 413, "image_too_large"


class BatchTooLarge(ApiError):
    """The request holds more images than the service takes at once."""

    status, code = 413, "batch_too_large"


class UnsupportedMediaType(ApiError):
    """The Content-Type is none that the service reads."""

    status, code = 415, "unsupported_media_type"


class UnknownModel(ApiError):
    """The request asks for a model that is not served."""

    status, code = 422, "unknown_model"

    @classmethod
    def named(cls, name: str, available: Iterable[str]) -> "UnknownModel":
        """Name the models there are, so that the client can correct itself."""
        return cls(f"there is no model {name[:64]!r}; choose one of {', '.join(available)}")


class InvalidBase64(ApiError):
    """The image field is not base64."""

    status, code = 422, "invalid_base64"


class NotAnImage(ApiError):
    """The bytes are no image in a format the service decodes, or a damaged one."""

    status, code = 422, "not_an_image"


class NoDigit(ApiError):
    """The image is uniform: there is no ink on it."""

    status, code = 422, "no_digit"


class TooManyRequests(ApiError):
    """Calls that write come faster than they may; `Retry-After` says when to ask again."""

    status, code = 429, "too_many_requests"


class TrainingUnavailable(ApiError):
    """Models cannot be trained here: what trains them is not installed."""

    status, code = 501, "training_unavailable"


class StoreUnavailable(ApiError):
    """The store of samples and versions cannot be read or written."""

    status, code = 503, "store_unavailable"

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message, retry_after=retry_after)


class ClusterUnavailable(ApiError):
    """The cluster that runs trainings does not answer."""

    status, code = 503, "cluster_unavailable"

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message, retry_after=retry_after)


class Overloaded(ApiError):
    """More is asked than can be answered in time; `Retry-After` says when to ask again."""

    status, code = 503, "overloaded"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, retry_after=retry_after)


class DeadlineExceeded(ApiError):
    """The time that the request had was over before its answer was computed."""

    status, code = 504, "deadline_exceeded"


class WeightsError(Exception):
    """The model files cannot be served: missing, truncated, altered or of an unknown format.

    Raised at start-up only; the message is one sentence for the operator.
    """


class SettingsError(Exception):
    """A setting has a value that is not allowed; the message names both."""
