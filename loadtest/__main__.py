"""`python -m loadtest`: load a service, check every answer, and say by the exit code what came out.

Without `--url` it starts the service of this environment, with the settings of `make run`. Options
that are not its own go to locust, see `loadtest/locustfile.py`.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from loadtest.service import mnist_api

HERE = Path(__file__).resolve().parent
EVERYDAY = ("DrawUser", "BatchUser", "CacheUser", "CarelessUser")
# Beside the users themselves, locust wants to know that nobody will start or stop it by hand.
HEADLESS = ("--headless", "--only-summary")


def main() -> int:
    """Run once."""
    parser = argparse.ArgumentParser(prog="python -m loadtest")
    parser.add_argument("--url", help="of a running service; without it, one is started")
    parser.add_argument("--users", default=",".join(EVERYDAY), help="classes of users.py")
    parser.add_argument("--ui", action="store_true", help="steer by locust's page")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "local")
    options, others = parser.parse_known_args()
    folder: Path = options.results / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    if options.url:
        return load(options, folder, options.url, others)
    with mnist_api(folder / "service.log") as running:
        return load(options, folder, running.url, others)


def load(options: argparse.Namespace, folder: Path, url: str, others: list[str]) -> int:
    """Run locust against a service and return its exit code."""
    command = [sys.executable, "-m", "locust", "-f", str(HERE / "locustfile.py"), "--host", url]
    if not options.ui:
        command += [*HEADLESS, "--html", str(folder / "report.html"), "--csv", str(folder / "run")]
    command += [*others, *options.users.split(",")]
    code = subprocess.run(command, cwd=HERE.parent, check=False).returncode
    sys.stderr.write(f"{'kept' if code == 0 else 'not kept'}; see {folder}\n")
    return code


sys.exit(main())
