"""A CPU limit for a running service: a slower core, of which a driver beside it can ask enough."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_NAME = "mnist-api-bench"
# Short, so that the stops look like slowness: with 100 ms, as Kubernetes has it, they are what one
# measures.
_PERIOD_US = 5000


@contextmanager
def limited(pids: Sequence[int], cores: float) -> Iterator[None]:
    """Grant processes so many cores together, as root; afterwards as many as there are.

    Raises:
        OSError: not allowed, or no control group can limit the CPU here.
    """
    root = _root()
    group = root / _NAME
    group.mkdir(exist_ok=True)
    try:
        _limit(group, round(cores * _PERIOD_US))
        _move(pids, group)
        yield
    finally:
        _move(pids, root)
        group.rmdir()


def _root() -> Path:
    """Return where groups of the CPU controller are: of cgroup v1, or of v2 with it switched on."""
    first = _ROOT / "cpu"
    if first.is_dir():
        return first
    (_ROOT / "cgroup.subtree_control").write_text("+cpu")
    return _ROOT


def _limit(group: Path, quota_us: int) -> None:
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")
    else:
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))


def _move(pids: Sequence[int], group: Path) -> None:
    for pid in pids:
        (group / "cgroup.procs").write_text(str(pid))
