"""`python -m loadtest.autoscaling spike|day`: does the HPA keep the SLO, and with how many pods?

The chart's own pods and autoscaler, with small CPU requests so that eight pods fit beside the load,
and locust's users in the form asked for. Recorded: each request, and every three seconds the
replicas. The objective counts outside the first 30 s of a step, which new pods take to come.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.cluster import Release, eventually
from loadtest.drive import locust, named
from loadtest.machine import RESULTS, ROOT, Machine, here
from loadtest.records import began, load
from loadtest.service import end_orderly_on_sigterm

OBJECTIVE_MS = 50.0
GRACE = 30.0
WINDOW = 5.0
VALUES = {
    "autoscaling.enabled": "true",
    "autoscaling.minReplicas": "2",
    "autoscaling.maxReplicas": "8",
    # The chart waits five minutes; in a day of five minutes that would be for ever.
    "autoscaling.behavior.scaleDown.stabilizationWindowSeconds": "30",
    "autoscaling.behavior.scaleDown.policies[0].type": "Pods",
    "autoscaling.behavior.scaleDown.policies[0].value": "1",
    "autoscaling.behavior.scaleDown.policies[0].periodSeconds": "10",
    "resources.requests.cpu": "50m",
    "settings.cache_bytes": "0",
}
# Where a form changes at once, as shares of its length; a day has no steps but its begin.
STEPS = {"spike": (0.0, 0.4, 0.6), "day": (0.0,)}


class Look(msgspec.Struct, frozen=True):
    """The autoscaler at one moment."""

    second: float
    wanted: int
    ready: int
    utilisation: int | None
    """Percent of the CPU requests, as the autoscaler saw it."""


class Window(msgspec.Struct, frozen=True):
    """What was asked and answered in a few seconds."""

    second: float
    rate: float
    failed: int
    p99_ms: float
    counts: bool
    """Whether the objective holds here: no step was so short before."""


class Run(msgspec.Struct):
    """One form."""

    machine: Machine
    form: str
    peak: int
    length: float
    values: dict[str, str]
    looks: list[Look]
    windows: list[Window]
    requests: int
    failed: int
    p99_ms: float
    """Of all requests where the objective counts, as `failed_counted`."""
    failed_counted: int
    p99_all_ms: float

    @property
    def kept(self) -> bool:
        """Return whether the objective was kept where it counts."""
        return self.failed_counted == 0 and self.p99_ms <= OBJECTIVE_MS


def counted(seconds: NDArray[np.float64], steps: Sequence[float]) -> NDArray[np.bool_]:
    """Return for each time whether no step was less than the grace ago, bool (n,)."""
    found = np.ones(len(seconds), bool)
    for step in steps:
        found &= (seconds < step) | (seconds >= step + GRACE)
    return found


def windows(records: NDArray[np.float64], steps: Sequence[float]) -> list[Window]:
    """Return the records by windows; one counts only where all of it does."""
    found = []
    for start in np.arange(0, records[:, 0].max(initial=0), WINDOW):
        here_ = records[(records[:, 0] >= start) & (records[:, 0] < start + WINDOW)]
        edges = np.array([start, start + WINDOW - 1e-6])
        if len(here_):
            p99 = float(np.percentile(here_[:, 1], 99))
            failed = int((here_[:, 2] == 0).sum())
            counts = bool(counted(edges, steps).all())
            found.append(Window(float(start), len(here_) / WINDOW, failed, p99, counts))
    return found


def look(release: Release, start: float) -> Look:
    """Ask the API server."""
    listed = release.kubectl("get", "hpa,deployments", "--output=json")
    hpa, deployment = sorted(json.loads(listed)["items"], key=lambda item: item["kind"] != _HPA)
    metrics = hpa["status"].get("currentMetrics") or [{}]
    current = metrics[0].get("containerResource", {}).get("current", {})
    status = deployment["status"]
    second = time.time() - start
    return Look(
        second,
        hpa["status"].get("desiredReplicas", 0),
        status.get("readyReplicas", 0),
        current.get("averageUtilization"),
    )


_HPA = "HorizontalPodAutoscaler"


def measure(release: Release, form: str, options: argparse.Namespace) -> Run:
    """Load the release and watch."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "records.npy"
        asking = _asking(form, options, file)
        start, looks = time.time(), []
        while asking.poll() is None:
            looks.append(look(release, start))
            sys.stderr.write(f"{looks[-1]}\n")
            time.sleep(3)
        records = load(file)
        # The users ask for the answers to expect before their time begins.
        early = began(file) - start
    looks = [msgspec.structs.replace(one, second=one.second - early) for one in looks]
    steps = [share * options.length for share in STEPS[form]]
    counts = counted(records[:, 0], steps)
    return Run(
        here(),
        form,
        options.peak,
        options.length,
        VALUES,
        looks,
        windows(records, steps),
        len(records),
        int((records[:, 2] == 0).sum()),
        float(np.percentile(records[counts, 1], 99)),
        int((records[counts, 2] == 0).sum()),
        float(np.percentile(records[:, 1], 99)),
    )


def _asking(form: str, options: argparse.Namespace, record: Path) -> "subprocess.Popen[bytes]":
    url = named(options.url, options.host)
    users = ("--repeated", "0", "CacheUser")
    command = locust(url, form, options.peak, options.length, record, *users)
    return subprocess.Popen(command, cwd=ROOT)


def main() -> None:
    """Run the forms that are named, and write one file for each."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.autoscaling")
    parser.add_argument("forms", nargs="+", choices=STEPS)
    parser.add_argument("--peak", type=int, default=24, help="users; each asks 15 times a second")
    parser.add_argument("--length", type=float, default=240, help="seconds")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the ingress")
    parser.add_argument("--host", default="localhost", help="a name of it that resolves here")
    parser.add_argument("--image", default="mnist-api:0.1.0", help="on the cluster's nodes")
    parser.add_argument("--out", type=Path, default=RESULTS / "autoscaling")
    options = parser.parse_args()
    end_orderly_on_sigterm()
    release = Release("mnist-hpa", options.image, options.url, options.host)
    release.uninstall()
    release.install(VALUES)
    options.out.mkdir(parents=True, exist_ok=True)
    for form in options.forms:
        eventually(lambda: look(release, 0).utilisation is not None, "figures of the pods' CPU")
        # Not by asking, which would bring more pods.
        eventually(lambda: len(release.pods()) == 2, "two pods", seconds=300)
        run = measure(release, form, options)
        file = options.out / f"{run.form}.json"
        file.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")
        sys.stderr.write(f"{file}: {'kept' if run.kept else 'not kept'}, p99 {run.p99_ms:.1f} ms\n")


if __name__ == "__main__":
    main()
