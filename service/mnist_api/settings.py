"""Every setting of the service: one typed table.

`mnist_api.environment` reads it. The README's table is generated from the metadata here, so a field
without a description fails a test.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

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
    ] = 100
    proxy_max_conns: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="Most requests that a proxy in front sends at once (nginx: `max_conns`). "
            "With so many it refuses others, so a short queue is kept, and a refusal is held back "
            "for about half a second, for the proxy to refuse instead. 0: there is no such proxy.",
            extra={"unit": "requests"},
        ),
    ] = 0
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
