"""Where and of what figures were measured: without that they mean nothing."""

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "loadtest" / "results" / version("mnist-api")
PACKAGES = ("falcon", "gunicorn", "uvloop", "numpy", "pillow", "ai-edge-litert", "msgspec")


class Machine(msgspec.Struct, frozen=True):
    """One measuring."""

    commit: str
    date: str
    command: str
    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    versions: dict[str, str]


def here() -> Machine:
    """Describe this machine and what is measured on it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        commit=commit(),
        date=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        command=" ".join(["python", "-m", _module(), *sys.argv[1:]]),
        processor=names[0] if names else platform.processor(),
        cores=os.cpu_count() or 0,
        memory_gib=round(memory / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        versions={package: version(package) for package in PACKAGES},
    )


def commit() -> str:
    """Return the commit, with a mark if the service differs from it."""
    name = _git("rev-parse", "--short=12", "HEAD")
    return name + ("+changes" if _git("status", "--porcelain", "service", "weights") else "")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stdout.strip()


def _module() -> str:
    path = Path(sys.argv[0]).resolve()
    parts = path.relative_to(ROOT).with_suffix("").parts if path.is_relative_to(ROOT) else ()
    return ".".join(part for part in parts if part != "__main__") or path.name
