"""How fast the machine was in some seconds, beside when the figures were measured."""

from mnist_api.capacity.figures import Figures
from mnist_api.capacity.model import Demand, Model
from mnist_api.capacity.queueing import Floats, Played

# Each brings the pace ten times nearer.
_TRIALS = 4


def pace_of(
    cost: float, arrivals: Floats, count: int, figures: Figures, demand: Demand, seed: int = 0
) -> tuple[float, Played]:
    """Return the CPU that a request took, as a multiple of what the figures say, and a play of it.

    By trial: what requests cost decides how many of them wake a pod, which costs more.

    Args:
        cost: what it took in the mean, in seconds.
        arrivals: when requests came.
        count: at how many pods.
        figures: what is multiplied.
        demand: for which pods.
        seed: of the play.
    """
    pace = 1.0
    for _ in range(_TRIALS):
        played = Model(figures.at_pace(pace), demand, careful=False).played(arrivals, count, seed)
        pace *= cost / float(played.cpu.mean())
    return pace, played
