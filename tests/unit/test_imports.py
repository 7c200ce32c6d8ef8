"""Who may import whom."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "service" / "mnist_api"
# A module may import from its own layer and from those behind it.
LAYERS = {
    "http": {"prediction", "imaging", "models", "cache", "retraining"},
    "retraining": {"imaging", "models", "training"},
    "prediction": {"imaging", "models", "cache"},
    "cache": {"imaging", "models"},
    "models": set(),
    "imaging": set(),
    "capacity": set(),
}
ROOT_MODULES = {"errors", "settings", "metrics", "logs", "stages"}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return {name.split(".")[1] for name in names if name and name.startswith("mnist_api.")}


@pytest.mark.parametrize("layer", LAYERS)
def test_no_module_imports_upward(layer: str) -> None:
    allowed = LAYERS[layer] | {layer} | ROOT_MODULES
    for path in (PACKAGE / layer).rglob("*.py"):
        assert imported(path) <= allowed, path


@pytest.mark.parametrize("is_retraining", [False, True])
def test_the_server_loads_neither_tensorflow_nor_scikit_learn(
    tmp_path: Path, is_retraining: bool
) -> None:
    retraining = {"MNIST_API_TOKEN": "a" * 16, "MNIST_API_STORE": f"file://{tmp_path}"}
    program = (
        "import sys; from mnist_api.asgi import application; application();"
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib',"
        " 'mnist_api.training', 'mnist_api.retraining') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **(retraining if is_retraining else {})},
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == str(["mnist_api.retraining"] * is_retraining)
