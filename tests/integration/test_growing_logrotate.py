"""Growing logs under the real `logrotate`: a process writes all the time, and every line that it wrote counts once."""

import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from applied import Applied

from mtc.core.clock import utc_now
from mtc.state.store import Store

LOGROTATE = shutil.which("logrotate") or "/usr/sbin/logrotate"

pytestmark = pytest.mark.skipif(not Path(LOGROTATE).exists(), reason="logrotate is not installed")

WRITER = """\
import datetime, os, signal, sys, time

path, pause, stop = sys.argv[1:]
stream = open(path, "a", buffering=1)

def reopen(*_):
    global stream
    stream = open(path, "a", buffering=1)

signal.signal(signal.SIGHUP, reopen)
number = 0
while not os.path.exists(stop):
    if os.path.exists(pause):
        open(pause + "d", "w").close()
        while os.path.exists(pause):
            time.sleep(0.002)
        os.remove(pause + "d")
    number += 1
    at = datetime.datetime.now(datetime.timezone.utc)
    begin = f"192.0.2.{number % 9} - - [{at:%d/%b/%Y:%H:%M:%S %z}]"
    stream.write(f'{begin} "GET /{number} HTTP/1.1" 200 1 "-" "Mozilla/5.0 Firefox/120.0"\\n')
    if number % 5 == 0:
        time.sleep(0.01)
print(number)
"""
"""Reopens its log at SIGHUP. While there is a file `pause`, it writes nothing, and says so with another, `paused`."""

REOPEN = "sharedscripts\n postrotate\n  kill -HUP `cat {root}/writer.pid`\n endscript"
IN_THE_SUITE = {
    "create, dateext",
    "create, delaycompress",
    "copytruncate, compress",
    "copytruncate, dateext, delaycompress",
}
"""The configurations that every run of the tests has; the others stand behind `--slow`."""

CONFIGURATIONS = {
    "create": f"create\n {REOPEN}",
    "create, dateext": f"create\n dateext\n dateformat -%Y%m%d-%s\n {REOPEN}",
    "create, compress": f"create\n compress\n {REOPEN}",
    "create, delaycompress": f"create\n compress\n delaycompress\n {REOPEN}",
    "create, delaycompress with zstd": (
        "create\n compress\n delaycompress\n compresscmd /usr/bin/zstd\n compressoptions -q --rm\n"
        f" compressext .zst\n {REOPEN}"
    ),
    "copytruncate": "copytruncate",
    "copytruncate, compress": "copytruncate\n compress",
    "copytruncate, dateext, delaycompress": "copytruncate\n compress\n delaycompress\n dateext\n dateformat -%Y%m%d-%s",
}
ROTATIONS = 3


class Rotated:
    """A project, a writer of its log, and logrotate with its configuration and state."""

    def __init__(self, root: Path, configuration: str) -> None:
        self.root = root
        self.log = root / "logs" / "access.log"
        self.log.parent.mkdir()
        self.applied = Applied(root)
        self.applied.manifest("dates: today\n", url="logs/access.log*")
        self.conf = root / "logrotate.conf"
        self.conf.write_text(
            f"{self.log} {{\n su root root\n rotate 9\n missingok\n {configuration.format(root=root)}\n}}\n"
        )
        self.conf.chmod(0o644)
        self.pauses = "copytruncate" in configuration
        self.seconds = 1.05 if "%s" in configuration else 0.05
        self.pause, self.paused, self.end = root / "pause", root / "paused", root / "stop"
        command = [sys.executable, "-c", WRITER, *map(str, (self.log, self.pause, self.end))]
        self.writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        (root / "writer.pid").write_text(str(self.writer.pid))

    def rotate(self, during: Callable[[], None] = lambda: None) -> None:
        """Rotate now; `during` is called meanwhile.

        With `copytruncate`, logrotate loses what is written between copy and cut: so the writer pauses.
        """
        if self.pauses:
            self.pause.touch()
            _wait_for(self.paused.exists)
        command = [LOGROTATE, "-f", "-s", str(self.root / "rotated"), str(self.conf)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as rotating:
            during()
            _, errors = rotating.communicate(timeout=20)
        assert rotating.returncode == 0, errors
        if self.pauses:
            self.pause.unlink()
            _wait_for(lambda: not self.paused.exists())

    def apply(self) -> None:
        """Apply now."""
        self.applied.apply(now=utc_now())

    def stop(self) -> int:
        """End the writer; gives how many lines it wrote."""
        self.end.touch()
        out, _ = self.writer.communicate(timeout=20)
        return int(out)

    def paths(self) -> Counter[str]:
        """The paths of all hits."""
        with Store.open(self.root / ".mtc" / "state.db", readonly=True) as store:
            files = [str(self.root / "warehouse" / file) for file in store.listed_files()]
        return Counter(
            path for (path,) in duckdb.connect().execute("SELECT path FROM read_parquet(?)", [files]).fetchall()
        )


def _wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize(
    "configuration",
    [
        pytest.param(text, id=name, marks=[] if name in IN_THE_SUITE else pytest.mark.slow)
        for name, text in CONFIGURATIONS.items()
    ],
)
def test_every_line_counts_once_under_logrotate(configuration: str, tmp_path: Path) -> None:
    """With applies before, after and while logrotate runs, and two rotations without one between them."""
    if "zstd" in configuration and not Path("/usr/bin/zstd").exists():
        pytest.skip("zstd is not installed")
    rotated = Rotated(tmp_path, configuration)
    try:
        _wait_for(rotated.log.exists)
        for number in range(ROTATIONS):
            time.sleep(rotated.seconds)  # a name with the second in it is another then
            if number != 1:
                rotated.apply()
            rotated.rotate(rotated.apply if number == 0 else lambda: None)
        rotated.apply()
    finally:
        written = rotated.stop()
    rotated.apply()
    found = rotated.paths()
    assert [path for path, count in found.items() if count > 1] == []
    assert {f"/{number}" for number in range(1, written + 1)} == found.keys()
    assert len(list(rotated.log.parent.iterdir())) == ROTATIONS + 1
