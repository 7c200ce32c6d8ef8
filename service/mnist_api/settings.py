"""Every setting of the service: one typed table, read from the environment.

A field `max_body_bytes` is set by `MNIST_API_MAX_BODY_BYTES`. The README's table is generated from
the metadata here, so a field without a description fails a test.
"""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from mnist_api.errors import SettingsError

PREFIX = "MNIST_API_"

# Kubernetes injects MNIST_API_SERVICE_HOST, MNIST_API_PORT=tcp://... and the like into every pod
# beside a Service called mnist-api. They are no settings of ours, which is also why the address
# to listen on is called BIND and not PORT.
_SERVICE_LINK = re.compile(r"MNIST_API_(SERVICE_HOST|SERVICE_PORT|PORT)(_.*)?")

_TEXT = "text"

_OWN_WEIGHTS = Path(__file__).resolve().parents[2] / "weights"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator can choose. Immutable: a changed setting is a new process."""

    bind: Annotated[
        str,
        Meta(
            pattern=r"^(unix:.+|.+:\d{1,5})$",
            description="Address to listen on: `host:port` or `unix:/path`.",
        ),
    ] = "127.0.0.1:8000"
    workers: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Processes that serve. In Kubernetes 1: scale pods instead.",
            extra={"unit": "processes"},
        ),
    ] = 1
    weights: Annotated[
        str,
        Meta(description="Folder with `manifest.json` and the model files; empty: the code's own."),
    ] = ""
    max_body_bytes: Annotated[
        int,
        Meta(ge=1024, le=1 << 30, description="Largest request body read.", extra={"unit": "B"}),
    ] = 10 * 1024 * 1024
    max_pixels: Annotated[
        int,
        Meta(ge=784, le=1 << 30, description="Largest image decoded.", extra={"unit": "pixels"}),
    ] = 25_000_000
    max_frames: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="Most frames or pages of one image; the first is read.",
            extra={"unit": "frames"},
        ),
    ] = 32
    inline_pixels: Annotated[
        int,
        Meta(
            ge=784,
            le=1 << 24,
            description="Images up to this size are decoded on the event loop (a hand-off to a "
            "thread costs about 60 us, as much as decoding them); larger ones in the pool.",
            extra={"unit": "pixels"},
        ),
    ] = 128 * 128
    decode_threads: Annotated[
        int,
        Meta(
            ge=1,
            le=32,
            description="Threads per worker that decode large images. More than one pay where a "
            "worker has more than a core to itself.",
            extra={"unit": "threads"},
        ),
    ] = 1
    cache_bytes: Annotated[
        int,
        Meta(
            ge=0,
            le=1 << 34,
            description="Memory per worker for remembered answers; 0 switches the cache off.",
            extra={"unit": "B"},
        ),
    ] = 4 * 1024 * 1024
    memcached: Annotated[
        str,
        Meta(
            pattern=r"^$|^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$",
            description="Shared cache: `host:port,...`. Each name is resolved to all its "
            "addresses, again every few seconds, so that pods behind a headless Service may come "
            "and go. Empty: none.",
        ),
    ] = ""
    memcached_timeout_seconds: Annotated[
        float,
        Meta(
            ge=0.001,
            le=5.0,
            description="Longest wait for memcached to connect or to answer.",
            extra={"unit": "s"},
        ),
    ] = 0.05
    keepalive_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=3600,
            description="How long an idle connection stays open. Above the 60 s that nginx "
            "keeps its own, so that the server never closes first under a request.",
            extra={"unit": "s"},
        ),
    ] = 75
    head_timeout_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=600,
            description="Longest time that a request's line and headers may take to arrive.",
            extra={"unit": "s"},
        ),
    ] = 10
    body_timeout_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=600,
            description="Longest time that a body may take to arrive.",
            extra={"unit": "s"},
        ),
    ] = 30
    max_batch: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most images of one request; 1,000 take a tenth of a second of the CNN.",
            extra={"unit": "images"},
        ),
    ] = 1024
    max_connections: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most connections to one worker; one more is answered 503. Idle ones cost "
            "some 20 kB each.",
            extra={"unit": "connections"},
        ),
    ] = 2000
    max_wait_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=60_000,
            description="Longest that a prediction should wait for its turn, by the measured pace; "
            "where more is asked, 503 at once, and a short queue while that lasts. 0: no bound.",
            extra={"unit": "ms"},
        ),
    ] = 250
    max_decode_wait_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=600_000,
            description="The same for large images, which wait for a thread. 0: no bound.",
            extra={"unit": "ms"},
        ),
    ] = 250
    request_timeout_ms: Annotated[
        int,
        Meta(
            ge=1,
            le=600_000,
            description="How long after its arrival a prediction is still computed; then 504. "
            "A client may ask for less by `X-Request-Timeout-Ms`.",
            extra={"unit": "ms"},
        ),
    ] = 10_000
    token: Annotated[
        str,
        Meta(
            description="What a caller of the retraining loop must bear, `name:secret` or only the "
            "secret (16 letters or more); the name goes into the audit log. Without a token there "
            "is no such loop: 404."
        ),
    ] = ""
    token_file: Annotated[
        str, Meta(description="The same from a file, where each line may be the token of another.")
    ] = ""
    store: Annotated[
        str,
        Meta(
            pattern=r"^$|^file:///.+$|^s3://[^/]+(/.*)?$",
            description="Where samples, jobs and versions are kept, the same for all replicas: "
            "`file:///folder` or `s3://bucket/prefix` (with the extra `s3`; keys and region come "
            "from AWS's own variables). Needed where a token is set.",
        ),
    ] = ""
    max_samples: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most samples stored, of 1.2 kB each.",
            extra={"unit": "samples"},
        ),
    ] = 10_000
    samples_per_second: Annotated[
        int,
        Meta(
            ge=1,
            le=10_000,
            description="Most calls a second of one worker that write to the store; then 429.",
            extra={"unit": "1/s"},
        ),
    ] = 50
    activation_poll_seconds: Annotated[
        float,
        Meta(
            ge=0.1,
            le=60.0,
            description="How often a worker looks which versions are active; loading one takes "
            "well under a second more.",
            extra={"unit": "s"},
        ),
    ] = 2.0
    keep_versions: Annotated[
        int,
        Meta(
            ge=1,
            le=1000,
            description="Newest versions of a model that are kept, beside the active one and the "
            "one before it.",
            extra={"unit": "versions"},
        ),
    ] = 10
    job_template: Annotated[
        str,
        Meta(
            pattern=r"^$|^[a-z0-9]([-a-z0-9.]{0,50}[a-z0-9])?$",
            description="In Kubernetes, the CronJob from whose template trainings are made as "
            "Jobs; the chart sets it. Empty: they run as processes on the server's machine.",
        ),
    ] = ""
    graceful_timeout_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=600,
            description="How long SIGTERM lets open connections finish.",
            extra={"unit": "s"},
        ),
    ] = 10
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level logged.")
    ] = "info"
    access_log: Annotated[
        bool,
        Meta(description="One log line a request. Off: the metrics count them for less."),
    ] = False
    hint: Annotated[
        bool, Meta(description="Print a `curl` that works once the service is ready.")
    ] = False

    @property
    def weights_folder(self) -> Path:
        """The folder that the models are loaded from."""
        return Path(self.weights) if self.weights else _OWN_WEIGHTS


def variable(field: str) -> str:
    """Return the environment variable that sets a field."""
    return PREFIX + field.upper()


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a value is not allowed, or a variable with our prefix names no setting.
    """
    known = {variable(field): field for field in Settings.__struct_fields__}
    given: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or _SERVICE_LINK.fullmatch(name):
            continue
        if name not in known:
            close = difflib.get_close_matches(
                name.removeprefix(PREFIX).lower(), known.values(), n=1
            )
            hint = f"; did you mean {variable(close[0])}?" if close else ""
            raise SettingsError(f"{name} is not a setting{hint}")
        given[known[name]] = value
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_explain(str(error), given)) from error


def _explain(message: str, given: Mapping[str, str]) -> str:
    """Turn msgspec's "Expected ... - at `$.field`" into a sentence that names the variable."""
    expected, _, path = message.partition(" - at `$.")
    field = path.rstrip("`")
    kind, meta = get_args(get_type_hints(Settings, include_extras=True)[field])
    allowed = _allowed(kind, meta)
    if allowed == _TEXT:
        allowed = meta.description.partition(". ")[0].rstrip(".")
    return (
        f"{variable(field)}={given[field]!r} is not allowed: "
        f"{expected[:1].lower()}{expected[1:]} (allowed: {allowed})"
    )


def traces_endpoint(environ: Mapping[str, str]) -> str | None:
    """Return where traces go, or None: by OpenTelemetry's own variables, which are no settings."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return None
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return next((environ[name] for name in names if environ.get(name)), None)


def settings_table() -> str:
    """Return the settings as a Markdown table, for the README and the command line."""
    hints = get_type_hints(Settings, include_extras=True)
    lines = ["| variable | default | allowed | meaning |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(Settings):
        kind, meta = get_args(hints[field.name])
        default = msgspec.json.encode(field.default).decode().strip('"')
        unit = (meta.extra or {}).get("unit", "")
        lines.append(
            f"| `{variable(field.name)}` | {f'`{default}`' if default else ''} {unit}".rstrip()
            + f" | {_allowed(kind, meta)} | {meta.description} |"
        )
    return "\n".join(lines) + "\n"


def _allowed(kind: object, meta: Meta) -> str:
    if kind is bool:
        return "`true`, `false`"
    if kind in (int, float):
        return f"{meta.ge} to {meta.le}"
    return ", ".join(f"`{choice}`" for choice in get_args(kind)) or _TEXT
