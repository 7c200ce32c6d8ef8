from pathlib import Path

import pytest

from mnist_api.errors import SettingsError
from mnist_api.settings import Settings
from mnist_api.tokens import is_retraining_on, read_tokens

SECRET = "0123456789abcdef"
STORE = "file:///tmp/store"


def test_without_a_token_there_is_no_loop() -> None:
    assert not is_retraining_on(Settings(store=STORE))
    assert is_retraining_on(Settings(token=SECRET))


def test_a_token_may_have_a_name() -> None:
    assert read_tokens(Settings(token=SECRET, store=STORE)) == {"operator": SECRET}
    assert read_tokens(Settings(token=f"ann:{SECRET}", store=STORE)) == {"ann": SECRET}


def test_a_file_may_name_several(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"ann:{SECRET}\n\nbob:{SECRET[::-1]}\n")
    tokens = read_tokens(Settings(token_file=str(file), store=STORE))
    assert tokens == {"ann": SECRET, "bob": SECRET[::-1]}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no token"),
        (b"ann:short", "16 letters or more"),
        (b"ann bob:" + SECRET.encode(), "16 letters or more"),
        (f"ann:{SECRET}\nann:{SECRET}".encode(), "two tokens have the name ann"),
        (b"\xff" * 20, "cannot read MNIST_API_TOKEN_FILE: it is not ASCII"),
    ],
)
def test_what_is_no_token_is_refused_and_never_shown(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "tokens"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=sentence) as refused:
        read_tokens(Settings(token_file=str(file), store=STORE))
    assert SECRET not in str(refused.value)


def test_a_file_that_is_not_there_is_named_by_its_setting() -> None:
    with pytest.raises(SettingsError, match="cannot read MNIST_API_TOKEN_FILE: No such file"):
        read_tokens(Settings(token_file="/nowhere", store=STORE))


def test_a_bucket_needs_what_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(token=SECRET, store="s3://digits")
    monkeypatch.setattr("mnist_api.tokens.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"needs pip install 'mnist-api\[s3\]'"):
        read_tokens(settings)


def test_a_token_needs_a_store() -> None:
    with pytest.raises(SettingsError, match="MNIST_API_STORE must say where"):
        read_tokens(Settings(token=SECRET))
