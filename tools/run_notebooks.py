#!/usr/bin/env python3
"""Run notebooks from end to end: `tools/run_notebooks.py FOLDER NOTEBOOK...`.

Each is written with its outputs into the folder; what is committed stays without. With `QUICK=1` in
the environment they compute little.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def run(path: Path, folder: Path) -> None:
    """Execute a notebook where it lies; a cell that fails ends the program."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    nbformat.write(notebook, folder / path.name)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        run(Path(name), target)
