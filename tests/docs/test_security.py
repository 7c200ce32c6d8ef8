"""SECURITY.md names settings and files that are there."""

import re
from pathlib import Path

from mnist_api.environment import variable
from mnist_api.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()


def test_every_setting_it_names_exists() -> None:
    named = set(re.findall(r"MNIST_API_[A-Z_]+", TEXT))
    assert named <= {variable(field) for field in Settings.__struct_fields__}
    assert len(named) > 8


def test_every_file_it_names_exists() -> None:
    paths = set(re.findall(r"`((?:tests|service|nginx|requirements)/[\w/.]*)`", TEXT))
    assert len(paths) > 8
    assert not [path for path in paths if not (ROOT / path).exists()]
