"""What computing an answer costs, and what asking for it: measured as the service runs."""

from collections.abc import Mapping

# Each new measurement counts for a twentieth: a change of pace shows within some fifty requests.
# One below the average counts for half: what took longer may have waited for the processor, which
# says nothing of its own cost. Eight clients at once made asking memcached look dearer than a
# picture of 400x400, and it was hardly asked any more, which would have put that right.
_WEIGHT = 0.05
_WEIGHT_BELOW = 0.5
# Asking is handed to a thread and back, which is not measured: it would hold the wait for a busy
# event loop, where the other way waits too.
_HAND_OVER = 60e-6
# One key in 256 is asked for, and stored, in any case: so the cost of asking and the share of
# answers that are known stay measured. Of small files, whose answers cost a tenth of asking, it is
# one in 4,096: at one in 256 the sample took 5 % of the time. All replicas take the same keys, by
# their digests; of just any 256th request nobody would have stored the answer.
_SAMPLED_DIGEST, _SAMPLED_DIGEST_OF_SMALL = "00", "000"
_SMALL_BYTES = 2048


class Costs:
    """Moving averages, in seconds. Without a measurement a cost is 0: it is tried first."""

    def __init__(self) -> None:
        self._infer: dict[str, float] = {}
        self._picture: dict[int, float] = {}
        self._ask = 0.0
        self._known: dict[int, float] = {}

    def inferred(self, model: str, seconds: float) -> None:
        """Note what a model took for one picture."""
        self._infer[model] = _moved(self._infer.get(model), seconds)

    def pictured(self, image_bytes: int, seconds: float) -> None:
        """Note what decoding and normalising took for a file of so many bytes."""
        size = image_bytes.bit_length()
        self._picture[size] = _moved(self._picture.get(size), seconds)

    def asked(
        self, keys: Mapping[str, str], image_bytes: int, seconds: float, *, known: bool
    ) -> None:
        """Note what asking the shared cache took in its thread, and whether it knew all answers."""
        self._ask = _moved(self._ask or None, seconds)
        # Only of the sample: what nobody stored, because it was not worth it, must not tell that
        # it is not. By all that is asked the share falls to nothing after two seconds of new ones.
        if _is_sampled(next(iter(keys.values())), image_bytes):
            size = image_bytes.bit_length()
            share = self._known.get(size, 1.0)
            self._known[size] = share + _WEIGHT * (known - share)

    def is_asking_worth_it(self, keys: Mapping[str, str], image_bytes: int) -> bool:
        """Tell whether asking the shared cache is likely to save more than it costs.

        Args:
            keys: by the models that would be computed; they end in hexadecimal digits.
            image_bytes: size of the picture's file.
        """
        size = image_bytes.bit_length()
        computing = self._picture.get(size, 0.0)
        for model in keys:
            computing += self._infer.get(model, 0.0)
        asking = self._ask and self._ask + _HAND_OVER
        if computing * self._known.get(size, 1.0) >= asking:
            return True
        # All keys end with the picture's digest.
        return _is_sampled(keys[model], image_bytes)


def _is_sampled(key: str, image_bytes: int) -> bool:
    end = _SAMPLED_DIGEST_OF_SMALL if image_bytes < _SMALL_BYTES else _SAMPLED_DIGEST
    return key.endswith(end)


def _moved(average: float | None, value: float) -> float:
    if average is None:
        return value
    weight = _WEIGHT if value > average else _WEIGHT_BELOW
    return average + weight * (value - average)
