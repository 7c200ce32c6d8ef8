"""What pods use, read from trees as the kubelet makes them: both drivers, both versions."""

from pathlib import Path

import pytest

from loadtest.cgroups import cpu_seconds, throttling

UID = "8b1c-22"
STAT = "nr_periods {}\nnr_throttled {}\n"


def v1(root: Path, uid: str, nanoseconds: int) -> None:
    for controller in ("cpu", "cpuacct"):
        group = root / controller / "kubepods" / "burstable" / f"pod{uid}"
        (group / "container").mkdir(parents=True)
    (root / "cpuacct/kubepods/burstable" / f"pod{uid}" / "cpuacct.usage").write_text(
        f"{nanoseconds}\n"
    )
    pod = root / "cpu/kubepods/burstable" / f"pod{uid}"
    (pod / "cpu.stat").write_text(STAT.format(100, 60))
    (pod / "container" / "cpu.stat").write_text(STAT.format(100, 40))


def v2(root: Path, uid: str, microseconds: int) -> None:
    slices = root / "kubepods.slice" / "kubepods-burstable.slice"
    pod = slices / f"kubepods-burstable-pod{uid.replace('-', '_')}.slice"
    (pod / "cri-container").mkdir(parents=True)
    (pod / "cpu.stat").write_text(f"usage_usec {microseconds}\n" + STAT.format(40, 3))
    (pod / "cri-container" / "cpu.stat").write_text(
        f"usage_usec {microseconds}\n" + STAT.format(50, 5)
    )


def test_version_1_keeps_use_and_limits_in_two_trees(tmp_path: Path) -> None:
    v1(tmp_path, UID, 2_500_000_000)
    v1(tmp_path, "other", 9)
    assert cpu_seconds([UID], tmp_path) == pytest.approx(2.5)
    assert throttling([UID], tmp_path) == (200, 100)


def test_version_2_keeps_both_in_one(tmp_path: Path) -> None:
    v2(tmp_path, UID, 1_500_000)
    assert cpu_seconds([UID], tmp_path) == pytest.approx(1.5)
    assert throttling([UID], tmp_path) == (90, 8)


def test_a_pod_that_is_gone_uses_nothing(tmp_path: Path) -> None:
    assert cpu_seconds(["gone"], tmp_path) == 0
    assert throttling(["gone"], tmp_path) == (0, 0)
