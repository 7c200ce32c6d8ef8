"""The autoscaler under a spike and through a day."""

from pathlib import Path

from loadtest import plots
from loadtest.autoscaling import GRACE, OBJECTIVE_MS, Run
from loadtest.prose import AUTOSCALING
from loadtest.sections.tables import measured, picture, studies, table


def section(results: Path, docs: Path) -> list[str]:
    """Return the section's parts; none without results. Its pictures are drawn beside them."""
    runs = studies(results / "autoscaling", Run)
    if not runs:
        return []
    parts = [AUTOSCALING, measured(runs) + _table(runs)]
    for run in runs:
        file = results / f"autoscaling-{run.form}.svg"
        plots.autoscaling(file, f"Replicas under the form `{run.form}`", run)
        parts.append(picture(file, docs))
    return parts


def _table(runs: list[Run]) -> str:
    rows = [
        (
            run.form,
            str(run.peak),
            f"{run.length:.0f}",
            str(run.requests),
            f"{max(window.rate for window in run.windows):.0f}",
            f"{min(look.ready for look in run.looks)} to {max(look.ready for look in run.looks)}",
            f"{run.p99_ms:.1f}",
            str(run.failed_counted),
            f"{_above(run)} of {sum(window.counts for window in run.windows)}",
            f"{run.p99_all_ms:.1f}",
            str(run.failed),
            "yes" if run.kept else "**no**",
        )
        for run in runs
    ]
    heads = (
        f"form, users, s, requests, most 1/s, pods, p99 ms outside {GRACE:.0f} s of a step, "
        f"errors there, windows of 5 s above {OBJECTIVE_MS:.0f} ms, p99 ms of all, errors of all, "
        "kept"
    )
    return table(heads.split(", "), rows)


def _above(run: Run) -> int:
    return sum(window.counts and window.p99_ms > OBJECTIVE_MS for window in run.windows)
