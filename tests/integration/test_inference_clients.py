"""Published clients of the Open Inference Protocol, unchanged, get the labels of `/predict/`."""

import json
import subprocess
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

from benchmarks.stages import png_of
from tests.conftest import WEIGHTS
from tests.support.server import Server

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
PYTHON = CLIENTS.parents[1] / ".venv-clients" / "bin" / "python"


@pytest.fixture(scope="module")
def predicted(server: Server, digits: dict[str, np.ndarray]) -> list[int]:
    """What `/predict/` says of every held-out digit."""
    connection = HTTPConnection(server.host, server.port, timeout=30)
    labels = []
    for digit in digits["holdout_images"]:
        headers = {"Content-Type": "image/png"}
        connection.request("POST", "/predict/?model=cnn", png_of(digit), headers)
        labels.append(json.loads(connection.getresponse().read())["prediction"])
    connection.close()
    return labels


@pytest.mark.parametrize("client", ["by_triton.py", "by_kserve.py"])
def test_a_published_client_gets_the_labels_of_predict(
    server: Server, predicted: list[int], client: str
) -> None:
    if not PYTHON.exists():
        pytest.fail("the clients are missing: make .venv-clients/installed")
    command = [PYTHON, CLIENTS / client, f"{server.host}:{server.port}", WEIGHTS / "digits.npz"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == predicted
