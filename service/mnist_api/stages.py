"""What may watch the stages of a prediction: a trace. Where nobody does, that costs 30 ns."""

from typing import Protocol


class StageWatcher(Protocol):
    """Is told each stage when it has ended, on the event loop, within its request's task."""

    def __call__(self, name: str, start: float, end: float) -> None:
        """Note a stage. Times are of `time.perf_counter`."""
        ...
