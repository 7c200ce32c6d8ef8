"""What pods use of the CPU, from the control groups of the node, which has to be this machine."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def cpu_seconds(uids: Iterable[str], root: Path = _ROOT) -> float:
    """Return the CPU time that pods have used so far; of one that is gone, nothing."""
    return sum(_used(group) for uid in uids for group in pod_groups(uid, root))


def throttling(uids: Iterable[str], root: Path = _ROOT) -> tuple[int, int]:
    """Return the periods in which the pods ran, and those that were cut short.

    The kubelet limits each container and, by the sum of that, their pod, whose periods begin at
    other times; the periods of both are counted.
    """
    files = [
        file for uid in uids for group in pod_groups(uid, root) for file in group.rglob("cpu.stat")
    ]
    every = [_figures(file) for file in files]
    periods = sum(figures.get("nr_periods", 0) for figures in every)
    return periods, sum(figures.get("nr_throttled", 0) for figures in every)


@cache
def pod_groups(uid: str, root: Path = _ROOT) -> tuple[Path, ...]:
    """Return a pod's groups: one in cgroup v2, one for each controller in v1."""
    # The kubelet's two drivers name them so: cgroupfs podUID, systemd ...-podUID_.slice.
    names = (f"pod{uid}", f"*-pod{uid.replace('-', '_')}.slice")
    return tuple(_found(root, names))


def _found(root: Path, names: Iterable[str]) -> Iterator[Path]:
    for tree in sorted((*root.glob("kubepods*"), *root.glob("cpu/kubepods*"))):
        for name in names:
            yield from tree.rglob(name)


def _used(group: Path) -> float:
    """Return seconds; v1 keeps them with another controller, which mirrors the tree."""
    figures = _figures(group / "cpu.stat")
    if "usage_usec" in figures:
        return figures["usage_usec"] / 1e6
    parts = ["cpuacct" if part == "cpu" else part for part in group.parts]
    try:
        return int((Path(*parts) / "cpuacct.usage").read_text()) / 1e9
    except FileNotFoundError:
        return 0.0


def _figures(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {name: int(value) for name, value in (line.split() for line in lines)}
