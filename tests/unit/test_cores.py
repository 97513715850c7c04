"""The number of cores that a process may use."""

import os
from pathlib import Path

import pytest

from mtc.core.cores import available_cores

ALL = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

QUOTAS = {
    "half a core": ({"kubepods/pod": "50000 100000"}, 1),
    "one and a bit is rounded up": ({"kubepods/pod": "110000 100000"}, 2),
    "of the group above": ({"kubepods": "100000 100000", "kubepods/pod": "max 100000"}, 1),
    "of the whole namespace": ({"": "100000 100000"}, 1),
    "more than there are": ({"kubepods/pod": "99900000 100000"}, ALL),
    "none": ({"kubepods/pod": "max 100000"}, ALL),
    "no file": ({}, ALL),
    "nonsense": ({"kubepods/pod": "1 2 3", "kubepods": "x y", "": "5 0"}, ALL),
}


@pytest.mark.parametrize(("files", "cores"), QUOTAS.values(), ids=QUOTAS)
def test_a_quota_limits_the_cores(files: dict[str, str], cores: int, tmp_path: Path) -> None:
    """The smallest quota of the process's control group and its parents applies."""
    own = tmp_path / "cgroup"
    own.write_text("0::/kubepods/pod\n")
    for name, text in files.items():
        folder = tmp_path / "fs" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cpu.max").write_text(f"{text}\n")
    assert available_cores(own, tmp_path / "fs") == min(cores, ALL)


@pytest.mark.parametrize("text", ["", "12:cpu:/old\n", "0::\n"], ids=["empty", "the first version", "no path"])
def test_without_a_control_group_the_affinity_applies(text: str, tmp_path: Path) -> None:
    """This includes systems that have no such file."""
    own = tmp_path / "cgroup"
    assert available_cores(own, tmp_path) == ALL
    own.write_text(text)
    assert available_cores(own, tmp_path) == ALL


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_a_process_bound_to_one_core_has_one() -> None:
    """The limit may come from `taskset` or a cpuset."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
