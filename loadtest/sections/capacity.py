"""The capacity model's figures, its trial, and what it says of a million requests a second."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from loadtest.capacity.results import Check, Validation
from loadtest.prose import CAPACITY
from loadtest.sections.million import million
from loadtest.sections.tables import measured, studies, table
from mnist_api.capacity.figures import Figures, load

# By such a share a p99 may be off.
_NEAR = 0.25
# Up to such a load.
_ASKED = 0.8


def section(results: Path, _docs: Path) -> list[str]:
    """Return the section's parts; none without figures."""
    if not (file := results / "capacity.json").exists():
        return []
    figures = load(file)
    parts = [CAPACITY, _figures(figures)]
    for validation in studies(results / "capacity", Validation, "validation-*.json"):
        parts += [
            measured([validation]) + _checks(validation.checks, validation.limit_cores),
            verdict(validation.checks),
        ]
    return [*parts, million(figures)]


def verdict(checks: Sequence[Check]) -> str:
    """Return whether the model kept what is asked of it, and what the machine itself repeats."""
    asked = [one for one in checks if one.load <= _ASKED]
    near = [one for one in asked if abs(one.error) <= _NEAR]
    paced = [one for one in asked if abs(one.error_at_pace) <= _NEAR]
    longer = [one for one in asked if one.error > _NEAR]
    few = [one for one in checks if one.careful_ms is not None and one.p99_ms > one.careful_ms]
    return (
        f"Within 25 % of the measured p99 at 50 to 80 % load: {len(near)} of "
        f"{len(asked)} points, of the others the model says too long a p99 in {len(longer)}; with "
        f"the CPU that a request took in those seconds, {len(paced)}. Of two runs of one such "
        f"point {repeated(asked):.0%} are as near to each other. "
        "Points whose p99 is above what `mnist-api capacity` promises "
        f"there, so that it would plan too few pods for a limit between the two: {len(few)} of "
        f"{len(checks)}.\n"
    )


def repeated(checks: Sequence[Check]) -> float:
    """Return the share of pairs of a point's runs of which neither has a p99 25 % longer."""
    pairs = [pair for one in checks for pair in combinations(sorted(_p99s_ms(one)), 2)]
    return sum(more <= (1 + _NEAR) * less for less, more in pairs) / max(1, len(pairs))


def _p99s_ms(point: Check) -> list[float]:
    return [run.open.p99_ms for run in point.runs]


def _figures(figures: Figures) -> str:
    rows = [
        (
            name,
            f"{known.computed.cpu_us:.0f} ({known.computed.cpu_us_high:.0f})",
            f"{known.remembered.cpu_us:.0f} ({known.remembered.cpu_us_high:.0f})",
            f"{known.wake.factor:.2f}",
            f"{1e3 * known.wake.cooling_s:.1f}",
            f"{known.unloaded_ms[len(known.unloaded_ms) // 2]:.1f}",
            f"{known.node_use:.0%}",
        )
        for name, known in figures.models.items()
    ]
    heads = (
        "model",
        "CPU of an answer, us (upper end)",
        "from the pod's cache",
        "after long sleep, times",
        "cooling, ms",
        "unloaded p50, ms",
        "node's CPU in use then",
    )
    machine = figures.machine
    said = (
        f"Fitted on {machine['date']}, commit {machine['commit']}, {machine['processor']}: a pod "
        f"gets {figures.usable:.0%} of its quota and uses {1e3 * figures.idle_cores:.1f} mcores "
        f"unasked; its pace differs by {figures.wander:.0%} from moment to moment; the ingress "
        f"uses {figures.ingress_us:.0f} us a request; alpha "
        f"{figures.loss.alpha:.3g}, beta {figures.loss.beta:.3g} up to {figures.loss.largest} "
        "replicas.\n"
    )
    return said + "\n" + table(heads, rows)


def _shown(milliseconds: float | None) -> str:
    return "too much" if milliseconds is None else f"{milliseconds:.1f}"


def _checks(checks: Sequence[Check], limit: float) -> str:
    rows = [
        (
            str(one.count),
            f"{one.load:.0%}",
            f"{one.middle(lambda run: run.open.rate):.0f}",
            str(len(one.runs)),
            f"{one.p99_ms:.1f}",
            "{:.1f} to {:.1f}".format(*np.percentile(_p99s_ms(one), (25, 75))),
            f"{one.middle(lambda run: run.model_ms):.1f}",
            f"{one.error:+.0%}",
            f"{one.middle(lambda run: run.pace):.2f}",
            f"{one.middle(lambda run: run.at_pace_ms):.1f}",
            f"{one.error_at_pace:+.0%}",
            _shown(one.expected_ms),
            _shown(one.careful_ms),
            f"{one.middle(lambda run: run.cpu['service']) / one.count / limit:.0%}",
            f"{one.middle(lambda run: run.throttled):.0%}",
            f"{one.middle(lambda run: run.cpu['machine']):.2f}",
            str(sum(run.open.errors for run in one.runs)),
        )
        for one in checks
    ]
    heads = (
        "N, load, 1/s, runs, measured p99 ms, of half of them, model: these arrivals, error, "
        "CPU of a request then (times), model with it, error, any arrivals, "
        "careful, quota used, throttled periods, machine's cores busy, errors"
    )
    return table(heads.split(", "), rows)
