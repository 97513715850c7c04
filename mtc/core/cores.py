"""How many cores this process may use, which in a container is often fewer than the machine has."""

import math
import os
from pathlib import Path

_UNIFIED = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def available_cores(own: Path = _OWN, root: Path = _UNIFIED) -> int:
    """The number of cores, at least 1: those that the process may run on, at most its CPU quota, rounded up.

    The quota is that of the process's control group and the groups above it (Linux, cgroup v2; `docker run --cpus`,
    `limits.cpu` of Kubernetes, `CPUQuota=` of systemd). `own` and `root` are where the system tells it.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *map(math.ceil, _quotas(own, root))]))


def _quotas(own: Path, root: Path) -> list[float]:
    """The quotas, in cores, of a process's control group and the groups above it that have one."""
    try:
        lines = own.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if path is None:
        return []
    group = root / path
    found = [_quota(folder / "cpu.max") for folder in (group, *group.parents) if folder.is_relative_to(root)]
    return [quota for quota in found if quota is not None]


def _quota(file: Path) -> float | None:
    """What a file such as `150000 100000` says: microseconds of CPU in each period. None for `max`, and without one."""
    try:
        quota, period = file.read_text("utf-8").split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
