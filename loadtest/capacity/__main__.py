"""`python -m loadtest.capacity measure|fit`: the capacity model's figures, and its trial.

On the cluster that KUBECONFIG names, whose node has to be this machine. `measure` asks pods, then
does what `fit` does: it makes `capacity.json` of the newest calibration and of the scaling study,
and compares each trial with the model of its own calibration.
"""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from loadtest.capacity.fitting import fit
from loadtest.capacity.results import Calibration, Validation
from loadtest.capacity.turns import measured
from loadtest.capacity.validate import scored
from loadtest.cluster import Release
from loadtest.machine import RESULTS, ROOT, here
from loadtest.scaling import Study
from loadtest.sections.tables import read, studies
from loadtest.service import end_orderly_on_sigterm
from mnist_api.capacity.figures import Figures
from mnist_api.capacity.model import Demand

T = TypeVar("T", Calibration, Study)
PACKAGED = ROOT / "service" / "mnist_api" / "capacity" / "figures.json"


def main() -> None:
    """Measure if asked to, fit and compare."""
    options = _options()
    end_orderly_on_sigterm()
    folder: Path = options.results / "capacity"
    folder.mkdir(parents=True, exist_ok=True)
    study = newest(studies(options.results / "scaling", Study, f"cluster-{options.model}-*.json"))
    if options.step == "measure":
        _measure(options, study, folder)
    calibrations = read(folder, "calibration-*.json", Calibration)
    latest = newest(calibrations.values())
    if latest is None:
        sys.exit(f"no calibration in {folder}")
    for file in (options.results / "capacity.json", PACKAGED):
        write(file, fit(latest, study), indent=2)
    for file, trial in read(folder, "validation-*.json", Validation).items():
        own = calibrations[folder / file.name.replace("validation", "calibration")]
        write(file, compared(trial, fit(own, study)))


def _measure(options: argparse.Namespace, study: Study | None, folder: Path) -> None:
    release = Release("mnist-load", options.image, options.url, options.host)
    # Helm does not take back the number of replicas that kubectl has set.
    release.uninstall()
    demand = Demand(1.0, 1.0, options.model, cpu=options.limit, limited=True)
    calibration, checks = measured(release, demand, study, options.seconds, options.repeats)
    now = time.strftime("%H%M%S")
    write(folder / f"calibration-{now}.json", calibration)
    trial = Validation(here(), options.model, options.limit, checks)
    write(folder / f"validation-{now}.json", trial)


def compared(trial: Validation, figures: Figures) -> Validation:
    """Return a trial with what the model says of its points."""
    demand = Demand(1.0, 1.0, trial.model, cpu=trial.limit_cores, limited=True)
    checks = [scored(one, figures, demand, trial.machine.cores) for one in trial.checks]
    return msgspec.structs.replace(trial, checks=checks)


def newest(results: Iterable[T]) -> T | None:
    """Return the newest; the files' names have the time of the day alone."""
    return max(results, key=lambda one: one.machine.date, default=None)


def write(file: Path, found: object, indent: int = 0) -> None:
    """Write a result as JSON."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=indent) + b"\n")
    sys.stderr.write(f"{file}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.capacity")
    parser.add_argument("step", choices=("measure", "fit"))
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--limit", type=float, default=0.2, help="cores of each pod")
    parser.add_argument("--seconds", type=float, default=2, help="of each point")
    parser.add_argument("--repeats", type=int, default=8, help="turns")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the ingress")
    parser.add_argument("--host", default="mnist.test", help="its name there")
    parser.add_argument("--image", default="mnist-api:0.1.0", help="on the cluster's nodes")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
