import inspect
import re
from pathlib import Path

from mnist_api import errors
from mnist_api.errors import ApiError

README = Path(__file__).resolve().parents[2] / "README.md"


def tree() -> list[type[ApiError]]:
    members = [member for _, member in inspect.getmembers(errors, inspect.isclass)]
    return [member for member in members if issubclass(member, ApiError)]


def test_every_code_belongs_to_one_error() -> None:
    codes = [error.code for error in tree()]
    assert len(codes) == len(set(codes))


def test_every_error_is_documented_with_its_status() -> None:
    rows = [row for row in README.read_text().splitlines() if re.match(r"\| \d{3}", row)]
    for error in tree():
        assert any(f"{error.status}" in row and f"`{error.code}`" in row for row in rows), error
