"""The Universal Scalability Law: X(N) = rate N / (1 + alpha (N - 1) + beta N (N - 1)).

After N. J. Gunther, "Guerrilla Capacity Planning" (2007): alpha is what is done one after the
other, beta what replicas cost each other. The bands are of the bootstrap: the measured rates of
each N are drawn again with replacement, 400 times, and 95 % of the fits kept.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

Floats = NDArray[np.float64]
_DRAWS = 400


class Band(msgspec.Struct, frozen=True):
    """A figure and the 95 % about it."""

    value: float
    low: float
    high: float


class Fit(msgspec.Struct, frozen=True):
    """The three parameters: requests a second of one, and the two that cost."""

    rate: Band
    alpha: Band
    beta: Band
    throughput: tuple[Band, ...] = ()
    """Requests a second of 1, 2, 3, ... up to the largest number that was measured."""


def usl(count: Floats, rate: float, alpha: float, beta: float) -> Floats:
    """Return the throughput of N replicas."""
    throughput: Floats = rate * count / (1 + alpha * (count - 1) + beta * count * (count - 1))
    return throughput


def fit(rates: Mapping[int, Sequence[float]], seed: int = 1) -> Fit:
    """Fit measured rates by N.

    Raises:
        ValueError: fewer than three N, which any law would fit.
    """
    if len(rates) < 3:
        raise ValueError("the law has three parameters: measure three N or more")
    random = np.random.default_rng(seed)
    drawn = np.array(
        [
            _fit({n: random.choice(values, len(values)).tolist() for n, values in rates.items()})
            for _ in range(_DRAWS)
        ]
    )
    best, counts = _fit(rates), np.arange(1, max(rates) + 1, dtype=float)
    curves = np.array([usl(counts, *parameters) for parameters in drawn])
    rate, alpha, beta = _bands(best, drawn)
    return Fit(rate, alpha, beta, throughput=_bands(usl(counts, *best), curves))


def _bands(values: Floats, drawn: Floats) -> tuple[Band, ...]:
    """Return each value with the 95 % of what was drawn for it, float64 (draws, n)."""
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return tuple(Band(*map(float, triple)) for triple in zip(values, low, high, strict=True))


def efficiency(rates: Mapping[int, Sequence[float]], count: int) -> float:
    """Return the throughput of N as a share of N times that of one."""
    one = float(np.median(rates[1]))
    return float(np.median(rates[count])) / (count * one)


def _fit(rates: Mapping[int, Sequence[float]]) -> Floats:
    counts = np.array([n for n, values in rates.items() for _ in values], float)
    measured = np.array([value for values in rates.values() for value in values])
    start = (float(measured[0]) / counts[0], 0.01, 0.001)
    parameters: Floats = curve_fit(
        usl, counts, measured, p0=start, bounds=([0, 0, 0], np.inf), sigma=measured
    )[0]
    return parameters
