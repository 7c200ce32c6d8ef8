"""The notebooks run from end to end, and are kept without what a machine has left in them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_the_four_notebooks_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["cnn", "exploration", "mlp", "svm"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_in_its_quick_setting(path: Path, tmp_path: Path) -> None:
    # In a process of its own: what Jupyter warns of is not ours.
    result = subprocess.run(
        [sys.executable, ROOT / "tools" / "run_notebooks.py", tmp_path, path],
        env={**os.environ, "QUICK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    cells = json.loads((tmp_path / path.name).read_text())["cells"]
    shown = [out for cell in cells for out in cell.get("outputs", []) if "data" in out]
    assert sum("image/png" in out["data"] for out in shown) >= 3


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_paths_of_a_machine(path: Path) -> None:
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        source = "".join(cell["source"])
        assert not re.search(r"""["'](/|[A-Z]:)""", source), "an absolute path"
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
