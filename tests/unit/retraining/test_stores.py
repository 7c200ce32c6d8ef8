"""What every store must do: a folder, and a bucket of a real S3-compatible server."""

import secrets
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mnist_api.errors import StoreUnavailable
from mnist_api.retraining.stores import ObjectStore, open_store, read_all
from tests.support.bucket import running_bucket


@pytest.fixture(params=["file", "s3"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ObjectStore:
    if request.param == "file":
        return open_store(f"file://{tmp_path}/store")
    for name, value in request.getfixturevalue("bucket").environ.items():
        monkeypatch.setenv(name, value)
    return open_store(f"s3://digits/{secrets.token_hex(4)}")


def test_what_was_put_is_got(store: ObjectStore) -> None:
    assert store.get("a/b") is None
    store.put("a/b", b"one")
    assert store.get("a/b") == b"one"
    store.put("a/b", b"two")
    assert store.get("a/b") == b"two"


def test_what_is_there_is_not_created_again(store: ObjectStore) -> None:
    assert store.put_new("a/b", b"one")
    assert not store.put_new("a/b", b"two")
    assert store.get("a/b") == b"one"
    store.delete("a/b")
    assert store.put_new("a/b", b"two")


def test_of_many_who_create_one_succeeds(store: ObjectStore) -> None:
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda n: store.put_new("lease/1", b"%d" % n), range(32)))
    assert done.count(True) == 1
    assert store.get("lease/1") == b"%d" % done.index(True)


def test_keys_are_listed_by_prefix_in_order(store: ObjectStore) -> None:
    for key in ("samples/b-1", "samples/a-2", "samples/ab-3", "jobs/x/state"):
        store.put(key, b"")
    assert store.keys("samples/") == ["samples/a-2", "samples/ab-3", "samples/b-1"]
    assert store.keys("samples/a-") == ["samples/a-2"]
    assert store.keys("jobs/") == ["jobs/x/state"]
    assert store.keys("nothing/") == []
    assert len(store.keys("")) == 4


def test_what_is_deleted_is_gone_and_may_be_deleted_again(store: ObjectStore) -> None:
    store.put("a/b", b"one")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/there")
    assert store.get("a/b") is None
    assert store.keys("a/") == []


def test_many_are_read_at_once_without_those_that_are_gone(store: ObjectStore) -> None:
    for number in range(40):
        store.put(f"a/{number}", b"%d" % number)
    found = read_all(store, [f"a/{number}" for number in range(50)])
    assert found == {f"a/{number}": b"%d" % number for number in range(40)}


def test_a_bucket_that_does_not_answer_is_told_and_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running_bucket("digits") as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(StoreUnavailable):
            open_store("s3://no-such-bucket").keys("")
        store = open_store("s3://digits")
        store.put("a/b", b"one")
        server.process.send_signal(signal.SIGSTOP)
        for call in (
            lambda: store.get("a/b"),
            lambda: store.put_new("a/c", b""),
            lambda: store.keys("a/"),
        ):
            with pytest.raises(StoreUnavailable, match="the store cannot be used"):
                call()
        server.process.send_signal(signal.SIGCONT)
        assert store.get("a/b") == b"one"
