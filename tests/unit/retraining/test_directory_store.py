import os
import shutil
import time
from pathlib import Path

import pytest

from mnist_api.errors import StoreUnavailable
from mnist_api.retraining.directory_store import DirectoryStore
from mnist_api.retraining.stores import open_store


def test_a_reader_meets_the_old_or_the_new_and_never_a_part(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    store.put("active/svm", b"a" * 100_000)
    with (tmp_path / "active" / "svm").open("rb") as before:
        store.put("active/svm", b"b" * 100_000)
        assert before.read() == b"a" * 100_000
    assert store.get("active/svm") == b"b" * 100_000


def test_a_folder_that_has_gone_is_not_an_empty_one(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    store.put("a/b", b"one")
    shutil.rmtree(tmp_path / "store")
    for call in (
        lambda: store.get("a/b"),
        lambda: store.keys("a/"),
        lambda: store.put("a/b", b""),
        lambda: store.put_new("a/b", b""),
        lambda: store.delete("a/b"),
    ):
        with pytest.raises(StoreUnavailable, match="No such file or directory"):
            call()


def test_a_folder_that_cannot_be_made_is_told_by_its_use(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = open_store(f"file://{tmp_path}/file/store")
    with pytest.raises(StoreUnavailable, match="Not a directory"):
        store.get("a/b")


def test_a_folder_that_was_there_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_store(f"file://{tmp_path}/store", make=False).keys("")
    assert not (tmp_path / "store").exists()


def test_what_a_killed_writer_left_goes_at_the_next_start(tmp_path: Path) -> None:
    DirectoryStore(tmp_path)
    old, young = tmp_path / ".beside" / "old", tmp_path / ".beside" / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 3600,) * 2)
    assert DirectoryStore(tmp_path).keys("") == []
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("key", ["", "../x", "a//b", "/a", "a/.beside", "."])
def test_a_key_that_leads_elsewhere_is_none(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        DirectoryStore(tmp_path).get(key)
