"""Other programs that read access logs, where they are installed: how each is asked for all that it can say."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_AWSTATS = ("/usr/lib/cgi-bin/awstats.pl", "/usr/local/awstats/wwwroot/cgi-bin/awstats.pl")
_AWSTATS_CONF = """LogFile="{log}"
LogType=W
LogFormat=1
SiteDomain="docs.example.org"
HostAliases="localhost"
DNSLookup=0
DirData="{data}"
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program. `wanted` is how many times as fast mtc should be, 0 without an aim; `fresh` is emptied first."""

    name: str
    command: Sequence[str]
    fresh: Path
    wanted: float = 0
    against_load: bool = False


def installed(log: Path, folder: Path, importer: Path | None) -> list[Peer]:
    """The peers that are there, each with a folder of its own below `folder`."""
    packaged = [find(log, folder) for find in (_goaccess, _webalizer, _awstats)]
    given = [_importer(importer, log, folder)] if importer else []
    return [peer for peer in packaged if peer is not None] + given


def _goaccess(log: Path, folder: Path) -> Peer | None:
    program = shutil.which("goaccess")
    if program is None:
        return None
    out = folder / "goaccess"
    command = [program, str(log), "--log-format=COMBINED", "-o", str(out / "report.json"), "--no-progress"]
    return Peer("goaccess to JSON", command, out, 10)


def _webalizer(log: Path, folder: Path) -> Peer | None:
    program = shutil.which("webalizer")
    if program is None:
        return None
    out = folder / "webalizer"
    return Peer("webalizer", [program, "-Q", "-i", "-n", "docs", "-o", str(out), str(log)], out, 1.5)


def _awstats(log: Path, folder: Path) -> Peer | None:
    program = next((path for path in _AWSTATS if Path(path).is_file()), None)
    if program is None:
        return None
    data = folder / "awstats"
    (folder / "awstats.bench.conf").write_text(_AWSTATS_CONF.format(log=log, data=data))
    return Peer("awstats update", [program, "-config=bench", f"-configdir={folder}", "-update"], data)


def _importer(program: Path, log: Path, folder: Path) -> Peer:
    """Matomo's own importer, which reads and asks nobody with `--dry-run`."""
    options = ["--dry-run", "--url=http://127.0.0.1:9", "--idsite=1", "--token-auth=none", "--recorders=2"]
    command = [sys.executable, str(program), *options, str(log)]
    return Peer("official importer, dry run", command, folder / "importer", 25, against_load=True)
