"""The measured figures that the model computes with: `figures.json`, or a file of your own.

They are fitted by `make capacity` into `loadtest/results/<version>/capacity.json`; the packaged
file is a copy of it, since images and wheels have no load tests.
"""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import msgspec

from mnist_api.capacity.queueing import Waking


class FiguresError(Exception):
    """The file is missing, or not what `make capacity` writes."""


# Seconds. A shared machine is slow or fast for about so long: its pace differs by 14 % between
# tenths of a second, by 12 % between spans of this, by 8 % between those of 1.6 s.
MOMENT = 0.4


class Cost(msgspec.Struct, frozen=True):
    """CPU of a pod for one request that follows another without pause, in microseconds."""

    cpu_us: float
    cpu_us_high: float
    """The upper end of its 95 % band."""

    def times(self, factor: float) -> "Cost":
        """Return a cost that is so many times as high."""
        return Cost(self.cpu_us * factor, self.cpu_us_high * factor)


class ModelFigures(msgspec.Struct, frozen=True):
    """What a request of one kind costs and takes."""

    computed: Cost
    remembered: Cost
    """Where the pod's own cache has the answer."""
    wake: Waking
    """What a request costs more that finds its pod asleep."""
    unloaded_ms: tuple[float, ...]
    """Latency through the ingress where hardly anybody waits: quantiles, evenly spaced."""
    node_use: float
    """Share of the node's CPU that was in use meanwhile."""

    def stretch(self, node_use: float) -> float:
        """Return how many times as long the way takes on nodes of which such a share is in use.

        As for whoever shares a processor: its time goes with 1 / (1 - use) (Kleinrock,
        "Time-shared systems: a theoretical treatment", 1967).
        """
        return (1 - self.node_use) / (1 - node_use)


class Loss(msgspec.Struct, frozen=True):
    """The Universal Scalability Law's two losses, and the most replicas that it was fitted on."""

    alpha: float
    beta: float
    largest: int

    def inflation(self, pods: int) -> float:
        """Return by what factor a request costs more of each pod's time than beside no other.

        Beyond what was measured the loss of the largest measured number is assumed: the law's
        parabola would there be made of the noise of eight points.
        """
        count = min(pods, self.largest)
        return 1 + self.alpha * (count - 1) + self.beta * count * (count - 1)


class Figures(msgspec.Struct, frozen=True):
    """All of one machine and commit."""

    machine: Mapping[str, str]
    models: Mapping[str, ModelFigures]
    """By what is asked: a model, of a digit of 28x28; `drawing`: all, of what the page sends."""
    usable: float
    """Share of its CPU quota that a saturated pod really gets."""
    idle_cores: float
    """What a pod uses that nobody asks: probes, the flush of the metrics."""
    period_s: float
    """The period of the CPU quota."""
    ingress_us: float
    """CPU of the ingress controller for one request."""
    loss: Loss
    wander: float
    """By how much the pace differs from one moment to the next: standard deviation over mean."""

    def at_pace(self, factor: float) -> "Figures":
        """Return the same of a machine that takes so many times as long for everything."""
        models = {
            name: msgspec.structs.replace(
                known,
                computed=known.computed.times(factor),
                remembered=known.remembered.times(factor),
                unloaded_ms=tuple(factor * one for one in known.unloaded_ms),
            )
            for name, known in self.models.items()
        }
        return msgspec.structs.replace(self, models=models)


def load(file: Path | None = None) -> Figures:
    """Read a file of figures, or the packaged one.

    Raises:
        FiguresError: it cannot be read as such.
    """
    try:
        content = file.read_bytes() if file else _packaged()
        return msgspec.json.decode(content, type=Figures)
    except (OSError, msgspec.DecodeError) as error:
        raise FiguresError(f"{file or 'the packaged figures'}: {error}") from error


def _packaged() -> bytes:
    return resources.files(__package__).joinpath("figures.json").read_bytes()
