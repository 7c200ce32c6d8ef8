"""Linters of what is neither Python nor YAML."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chart.helm import ROOT

TOOLS = Path(sys.executable).parent
DOCKERFILES = [ROOT / "Dockerfile", ROOT / "tests" / "e2e" / "cluster" / "stand-ins.Dockerfile"]


def scripts() -> list[Path]:
    """Return the shell scripts of the project, known by their first line."""
    return [
        path
        for folder in (".ci", "tools", "loadtest", "nginx")
        for path in sorted((ROOT / folder).rglob("*"))
        # Environments are hidden there, `make peers` makes six of them.
        if ".venvs" not in path.parts
        and path.is_file()
        and path.read_bytes().startswith((b"#!/usr/bin/env bash", b"#!/bin/"))
    ]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_hadolint_has_nothing_to_say(dockerfile: Path) -> None:
    subprocess.run([TOOLS / "hadolint", dockerfile], check=True)


@pytest.mark.parametrize("script", scripts(), ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    subprocess.run([TOOLS / "shellcheck", "--external-sources", script], check=True)


def test_the_image_gets_no_file_it_does_not_need() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    copied = {
        line.split()[-2].rstrip("/").split("/")[0]
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
    }
    allowed = {line[1:].split("/")[0] for line in ignored if line.startswith("!")}
    assert copied <= allowed
