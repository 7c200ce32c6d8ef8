"""The pictures of the report: SVG, readable on white and on black, labelled with units."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from loadtest.autoscaling import OBJECTIVE_MS, WINDOW
from loadtest.autoscaling import Run as Autoscaling
from loadtest.scaling import Study as Scaling
from loadtest.usl import Band, usl

# Mid grey has a contrast above 3.9 against white as against black (WCAG asks 3 of graphics).
_GREY = "#7d7d7d"
_COLOURS = ("#2a7fd4", "#d4652a", "#2a9d5c", "#a55bd0")
# Any: matplotlib types its settings' names one by one.
_STYLE: Any = {
    "text.color": _GREY,
    "axes.labelcolor": _GREY,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "axes.facecolor": "none",
    "font.size": 10,
    "svg.hashsalt": "mnist-api",  # the same figures make the same file
    "svg.fonttype": "none",
}


def multiples(path: Path, title: str, unit: str, groups: Mapping[str, Mapping[str, float]]) -> None:
    """Draw, for each name and series, a bar from 1 to a ratio: to the right where it is above 1."""
    names = list(groups)
    series = sorted({key for values in groups.values() for key in values})
    with _drawing(path, height=0.6 + 0.28 * len(names) * len(series)) as axes:
        thickness = 0.8 / len(series)
        for number, key in enumerate(series):
            known = [
                (at, groups[name][key]) for at, name in enumerate(names) if key in groups[name]
            ]
            places = [at + (number - (len(series) - 1) / 2) * thickness for at, _ in known]
            values = [value for _, value in known]
            axes.barh(
                places,
                [value - 1 for value in values],
                thickness * 0.9,
                left=1,
                color=_COLOURS[number],
                label=key,
            )
            for place, value in zip(places, values, strict=True):
                axes.text(max(value, 1) * 1.06, place, f"{value:.3g}", va="center", fontsize=8)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.axvline(1, color=_GREY, linewidth=0.8)
        axes.margins(x=0.15)
        axes.set_xlabel(unit)
        axes.set_title(title)
        axes.legend(frameon=False, fontsize=8)


def scaling(path: Path, title: str, study: Scaling) -> None:
    """Draw measured throughput by number, the law's curve, and the straight line of no loss."""
    rates = study.rates()
    with _drawing(path, height=3.6) as axes:
        counts = np.linspace(1, max(rates), 100)
        one = float(np.median(rates[min(rates)])) / min(rates)
        axes.plot(counts, one * counts, ":", color=_GREY, label="no loss")
        if study.fit is not None:
            law = usl(
                counts, *(band.value for band in (study.fit.rate, study.fit.alpha, study.fit.beta))
            )
            axes.plot(counts, law, color=_COLOURS[0], label="Universal Scalability Law")
            _band(axes, study.fit.throughput)
        points: Sequence[tuple[int, float]] = [(n, rate) for n in rates for rate in rates[n]]
        axes.plot(*zip(*points, strict=True), "o", color=_COLOURS[1], label="measured")
        axes.set_xlabel(f"{study.kind}, each limited to {study.limit_cores:g} cores")
        axes.set_ylabel("requests/s")
        axes.set_title(title)
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.legend(frameon=False)


def autoscaling(path: Path, title: str, run: Autoscaling) -> None:
    """Draw the replicas, the load and the p99 over time; shaded where the objective waits."""
    with _drawing(path, height=5.0, rows=3) as (pods, rate, latency):
        seconds = [look.second for look in run.looks]
        pods.step(seconds, [look.wanted for look in run.looks], "--", where="post", color=_GREY)
        pods.step(seconds, [look.ready for look in run.looks], where="post", color=_COLOURS[0])
        pods.legend(["wanted", "ready"], frameon=False, fontsize=8)
        pods.set_ylabel("replicas")
        pods.set_title(title)
        times = [window.second for window in run.windows]
        rate.step(times, [window.rate for window in run.windows], where="post", color=_COLOURS[2])
        rate.set_ylabel("requests/s")
        p99 = [window.p99_ms for window in run.windows]
        latency.step(times, p99, where="post", color=_COLOURS[1])
        latency.axhline(OBJECTIVE_MS, color=_GREY, linestyle=":")
        latency.set_yscale("log")
        latency.yaxis.set_major_formatter("{x:g}")
        latency.set_ylabel("p99, ms")
        latency.set_xlabel("seconds")
        for axes in (pods, rate, latency):
            axes.set_xlim(0, run.length)
            for window in run.windows:
                if not window.counts:
                    axes.axvspan(
                        window.second, window.second + WINDOW, color=_GREY, alpha=0.2, linewidth=0
                    )
        for axes in (pods, rate):
            axes.set_ylim(0)


def _band(axes: Any, throughput: Sequence[Band]) -> None:
    low, high = [one.low for one in throughput], [one.high for one in throughput]
    counts = range(1, len(throughput) + 1)
    axes.fill_between(counts, low, high, color=_COLOURS[0], alpha=0.25, linewidth=0, label="95 %")


@contextmanager
def _drawing(path: Path, height: float, rows: int = 1) -> Iterator[Any]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        axes = figure.subplots(rows, sharex=True)
        for each in np.atleast_1d(axes):
            each.spines[["top", "right"]].set_visible(False)
        yield axes
        # Neither date nor version in the file: what does not change must not differ.
        figure.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
