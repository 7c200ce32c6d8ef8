"""CPU limits for single processes: what Kubernetes gives a pod, without Kubernetes (as root)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
# The kernel's least quota is 1 ms; Kubernetes' period of 100 ms would stop a worker for most of it.
_PERIOD_US = 10_000


@contextmanager
def limited(pids: Sequence[int], cores: float) -> Iterator[None]:
    """Give each process that share of a core and no more, until the block ends."""
    groups = [_group(f"mnist-api-{pid}") for pid in pids]
    try:
        for pid, group in zip(pids, groups, strict=True):
            _limit(group, round(cores * _PERIOD_US))
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for pid, group in zip(pids, groups, strict=True):
            _leave(pid, group)


def throttled(pids: Sequence[int]) -> tuple[int, int]:
    """Return the periods so far, and those in which the processes would have used more."""
    periods = stopped = 0
    for pid in pids:
        lines = (_group(f"mnist-api-{pid}") / "cpu.stat").read_text().splitlines()
        figures = {name: int(value) for name, value in (line.split() for line in lines)}
        periods, stopped = periods + figures["nr_periods"], stopped + figures["nr_throttled"]
    return periods, stopped


def _group(name: str) -> Path:
    """Return a group of the CPU controller: cgroup v2 has one tree, v1 one for each controller."""
    parent = _ROOT if (_ROOT / "cgroup.controllers").exists() else _ROOT / "cpu"
    group = parent / name
    group.mkdir(exist_ok=True)
    return group


def _limit(group: Path, quota_us: int) -> None:
    # A weight beside which other programs of the machine do not take what the limit grants.
    if (group / "cpu.max").exists():
        (group / "cpu.weight").write_text("10000")
        (group / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")
        return
    (group / "cpu.shares").write_text("200000")
    (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
    (group / "cpu.cfs_quota_us").write_text(str(quota_us))


def _leave(pid: int, group: Path) -> None:
    if Path(f"/proc/{pid}").exists():
        (group.parent / "cgroup.procs").write_text(str(pid))
    group.rmdir()
