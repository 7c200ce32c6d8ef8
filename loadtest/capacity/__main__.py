"""`python -m loadtest.capacity calibrate|fit|validate|score`: the capacity model and its trial.

On the cluster that KUBECONFIG names, whose node has to be this machine. `calibrate` measures one
pod, `fit` makes `capacity.json` of that and of the scaling study, `validate` measures and compares,
`score` compares what was measured with figures that were fitted anew.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from loadtest.capacity.fitting import fit
from loadtest.capacity.measure import calibrate
from loadtest.capacity.results import Calibration, Validation
from loadtest.capacity.validate import scored, validate
from loadtest.cluster import Release
from loadtest.machine import RESULTS, ROOT, here
from loadtest.scaling import Study
from loadtest.service import end_orderly_on_sigterm
from mnist_api.capacity.figures import load
from mnist_api.capacity.plan import Demand

T = TypeVar("T", Calibration, Study)
PACKAGED = ROOT / "service" / "mnist_api" / "capacity" / "figures.json"


def main() -> None:
    """Do one of the three."""
    options = _options()
    end_orderly_on_sigterm()
    release = Release("mnist-load", options.image, options.url, options.host)
    folder: Path = options.results / "capacity"
    folder.mkdir(parents=True, exist_ok=True)
    if options.step in ("calibrate", "validate"):
        # Helm does not take back the number of replicas that kubectl has set.
        release.uninstall()
    if options.step == "calibrate":
        found = calibrate(release, options.limit, options.seconds, options.repeats)
        write(folder / f"calibration-{time.strftime('%H%M%S')}.json", found)
    elif options.step == "fit":
        study = _latest(options.results / "scaling", f"cluster-{options.model}-*.json", Study)
        calibration = _latest(folder, "calibration-*.json", Calibration)
        if calibration is None:
            sys.exit(f"no calibration in {folder}")
        for file in (options.results / "capacity.json", PACKAGED):
            write(file, fit(calibration, study))
    elif options.step == "validate":
        _validate(release, options, folder)
    else:
        _score(options, folder)


def _validate(release: Release, options: argparse.Namespace, folder: Path) -> None:
    figures = load(options.results / "capacity.json")
    demand = Demand(1.0, 1.0, options.model, cpu=options.limit, limited=True)
    checks = validate(release, figures, demand, options.seconds, options.repeats)
    name = f"{figures.machine['commit']}, {figures.machine['date']}"
    found = Validation(here(), options.model, options.limit, name, checks)
    write(folder / f"validation-{time.strftime('%H%M%S')}.json", found)


def _score(options: argparse.Namespace, folder: Path) -> None:
    """Ask the model with the present figures of what was measured before."""
    figures = load(options.results / "capacity.json")
    for file in sorted(folder.glob("validation-*.json")):
        found = msgspec.json.decode(file.read_bytes(), type=Validation)
        demand = Demand(1.0, 1.0, found.model, cpu=found.limit_cores, limited=True)
        found.checks = [scored(one, figures, demand, found.machine.cores) for one in found.checks]
        found.figures = f"{figures.machine['commit']}, {figures.machine['date']}"
        write(file, found)


def write(file: Path, found: object) -> None:
    """Write one result."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    sys.stderr.write(f"{file}\n")


def _latest(folder: Path, pattern: str, kind: type[T]) -> T | None:
    """Return the newest of a folder; names have the time of the day alone."""
    found = [msgspec.json.decode(file.read_bytes(), type=kind) for file in folder.glob(pattern)]
    return max(found, key=lambda one: one.machine.date, default=None)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.capacity")
    parser.add_argument("step", choices=("calibrate", "fit", "validate", "score"))
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--limit", type=float, default=0.2, help="cores of each pod")
    parser.add_argument("--seconds", type=float, default=5, help="of each point")
    parser.add_argument("--repeats", type=int, default=3, help="of each measurement")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the ingress")
    parser.add_argument("--host", default="mnist.test", help="its name there")
    parser.add_argument("--image", default="mnist-api:0.1.0", help="on the cluster's nodes")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
