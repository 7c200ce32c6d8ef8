"""`python -m benchmarks [--seconds N] [--rounds N]`: print the tables."""

import argparse
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import version

import numpy as np

from benchmarks.report import PACKAGES, processor
from benchmarks.requests import CONNECTIONS, measure_requests
from benchmarks.stages import measure_stages, png_of
from mnist_api.models.catalog import load_catalog
from mnist_api.settings import Settings


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--seconds", type=int, default=4, help="length of one round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each kind; median shown")
    options = parser.parse_args()

    folder = Settings().weights_folder
    with np.load(folder / "digits.npz", allow_pickle=False) as arrays:
        digits = arrays["holdout_images"][:1000]
    print(f"{processor()}, Python {platform.python_version()}")
    print(", ".join(f"{package} {version(package)}" for package in PACKAGES), "\n")
    print("| stage | us |\n|---|---|")
    _rows((name, f"{time:.1f}") for name, time in measure_stages(load_catalog(folder), digits[0]))

    pngs = [png_of(digit) for digit in digits]
    rates = measure_requests(pngs, options.rounds, options.seconds)
    print(f"\none worker on one core, wrk with {CONNECTIONS} connections on the other:\n")
    print("| request | 1/s | of the no-op |\n|---|---|---|")
    noop = rates["no-op"]
    _rows((kind, f"{rate:.0f}", f"{rate / noop:.2f}") for kind, rate in rates.items())


def _rows(rows: Iterable[tuple[str, ...]]) -> None:
    for row in rows:
        sys.stdout.write("| " + " | ".join(row) + " |\n")
        sys.stdout.flush()


main()
