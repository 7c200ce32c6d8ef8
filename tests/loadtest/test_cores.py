"""The cores that serve and those that drive share nothing."""

import os
from pathlib import Path

import pytest

from loadtest import cores


def told(monkeypatch: pytest.MonkeyPatch, folder: Path, siblings: list[str]) -> None:
    """Let a machine have these threads, by the core that each says it is of."""
    for thread, text in enumerate(siblings):
        (folder / str(thread)).write_text(text)
    monkeypatch.setattr(cores, "_SIBLINGS", f"{folder}/{{}}")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(len(siblings))))


def test_small_machine_serves_on_its_first_core_and_drives_on_its_second(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told(monkeypatch, tmp_path, ["0", "1"])
    assert (cores.server_cores(), cores.driver_cores()) == ([0], [1])
    with pytest.raises(ValueError, match="2 cores are asked for, 1 are there"):
        cores.server_cores(2)


def test_driver_has_the_last_quarter_of_the_cores_with_both_their_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told(monkeypatch, tmp_path, [f"{number % 8},{number % 8 + 8}" for number in range(16)])
    assert cores.server_cores(6) == [0, 1, 2, 3, 4, 5]
    assert sorted(cores.driver_cores()) == [6, 7, 14, 15]


def test_neighbours_are_taken_for_one_core_where_the_machine_hides_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told(monkeypatch, tmp_path, [str(number) for number in range(16)])
    assert cores.server_cores(6) == [0, 2, 4, 6, 8, 10]
    assert cores.driver_cores() == [12, 13, 14, 15]


def test_words_bind_a_command_to_cores() -> None:
    assert cores.pinned([0, 2]) == ["taskset", "-c", "0,2"]
    assert cores.pinned([]) == []


@pytest.mark.parametrize(("answer", "words"), [(0, ["chrt", "--rr", "10"]), (1, [])])
def test_the_generator_goes_first_where_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: int, words: list[str]
) -> None:
    chrt = tmp_path / "chrt"
    chrt.write_text(f"#!/bin/sh\nexit {answer}\n")
    chrt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cores.ahead() == words


def test_the_generator_takes_its_turn_where_there_is_no_chrt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cores.ahead() == []
