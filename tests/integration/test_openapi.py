"""The service answers as its own description says, whatever schemathesis thinks of asking."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import WEIGHTS
from tests.support.loop import SECRET, running_loop
from tests.support.server import Server

pytestmark = pytest.mark.alone

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
SCHEMATHESIS = CLIENTS.parents[1] / ".venv-clients" / "bin" / "st"
# `make fuzz` asks for more, and without a seed.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "")


def test_the_description_is_served(server: Server) -> None:
    assert json.loads(server.get("/openapi.json"))["openapi"] == "3.1.0"
    assert b"/static/docs.js" in server.get("/docs")


def test_schemathesis_finds_nothing(server: Server) -> None:
    search(server)


def test_schemathesis_finds_nothing_in_the_retraining_loop(tmp_path: Path) -> None:
    # Without the digits nothing is trained: dozens of trainings are not what is tested here.
    weights = tmp_path / "weights"
    shutil.copytree(WEIGHTS, weights, ignore=shutil.ignore_patterns("digits.npz"))
    with running_loop(tmp_path, weights=str(weights), samples_per_second="10000") as operator:
        search(operator.server, "--header", f"Authorization: Bearer {SECRET}")


def search(server: Server, *options: str) -> None:
    """Have schemathesis ask all that the service describes."""
    if not SCHEMATHESIS.exists():
        pytest.fail("schemathesis is missing: make .venv-clients/installed")
    effort = ["--max-examples", EXAMPLES] if EXAMPLES else ["--max-examples", "8", "--seed", "1"]
    done = subprocess.run(
        [SCHEMATHESIS, "--config-file", CLIENTS / "schemathesis.toml",
         "run", server.url + "/openapi.json", "--no-color", *effort, *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if EXAMPLES:
        print(done.stdout)
    assert done.returncode == 0, done.stdout
    assert not re.search(
        rb'^mnist_api_http_requests_total{.*status="500"', server.get("/metrics"), re.MULTILINE
    )
