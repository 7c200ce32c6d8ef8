"""What computing an answer costs, and what asking for it: measured as the service runs."""

from collections.abc import Iterable
from itertools import count

# Each new measurement counts for a twentieth: a change of pace shows within some fifty requests.
# One below the average counts for half: what took longer may have waited for the processor, which
# says nothing of its own cost. Eight clients at once made asking memcached look dearer than a
# picture of 400x400, and it was asked no more, since only one answer in 200 put that right.
_WEIGHT = 0.05
_WEIGHT_BELOW = 0.5
# Asking is handed to a thread and back, which is not measured: it would hold the wait for a busy
# event loop, where the other way waits too.
_HAND_OVER = 60e-6
# Of so many answers that are cheaper to compute, one is asked for all the same, so that the cost of
# asking stays known when the network becomes faster.
_EXPLORE = 200


class Costs:
    """Moving averages, in seconds. Without a measurement a cost is 0: it is tried first."""

    def __init__(self) -> None:
        self._infer: dict[str, float] = {}
        self._picture: dict[int, float] = {}
        self._ask = 0.0
        self._skips = count(1)

    def inferred(self, model: str, seconds: float) -> None:
        """Note what a model took for one picture."""
        self._infer[model] = _moved(self._infer.get(model), seconds)

    def pictured(self, image_bytes: int, seconds: float) -> None:
        """Note what decoding and normalising took for a file of so many bytes."""
        size = image_bytes.bit_length()
        self._picture[size] = _moved(self._picture.get(size), seconds)

    def asked(self, seconds: float) -> None:
        """Note what asking the shared cache took in its thread."""
        self._ask = _moved(self._ask or None, seconds)

    def is_asking_worth_it(self, models: Iterable[str], image_bytes: int) -> bool:
        """Tell whether the shared cache is likely to answer sooner than these models would."""
        computing = self._picture.get(image_bytes.bit_length(), 0.0)
        computing += sum(self._infer.get(model, 0.0) for model in models)
        asking = self._ask and self._ask + _HAND_OVER
        return computing >= asking or next(self._skips) % _EXPLORE == 0


def _moved(average: float | None, value: float) -> float:
    if average is None:
        return value
    weight = _WEIGHT if value > average else _WEIGHT_BELOW
    return average + weight * (value - average)
