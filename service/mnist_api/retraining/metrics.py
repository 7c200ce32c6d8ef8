"""What the retraining loop counts; beside the metrics of serving, where a token is set."""

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from mnist_api.models.mirror import Result


class LoopMetrics:
    """Rare events, so that each goes to Prometheus at once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.activations = Counter(
            "mnist_api_activations",
            "Versions that a worker loaded or failed to, and times it found the store gone.",
            ("model", "result"),
            registry=registry,
        )
        self.behind = Gauge(
            "mnist_api_activation_behind",
            "1 while a worker does not serve the active version, or cannot tell which it is.",
            ("model",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.shadowed = Counter(
            "mnist_api_shadow_predictions",
            "Pictures shown to a candidate, by whether it says what the served version said.",
            ("model", "result"),
            registry=registry,
        )
        self.shadow_share = Gauge(
            "mnist_api_shadow_share",
            "Share of a model's pictures that a worker shows to a candidate.",
            ("model",),
            registry=registry,
            multiprocess_mode="livemax",
        )

    def begin(self, model: str) -> None:
        """Have a model's series there, at 0, before anything happens to them."""
        for result in ("loaded", "failed", "unreachable"):
            self.activations.labels(model, result)
        for result in get_args(Result):
            self.shadowed.labels(model, result)
        self.shadow_share.labels(model).set(0)
