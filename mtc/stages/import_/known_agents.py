"""A cache of classified user agents, kept between runs: parsing a user agent is far slower than looking it up.

It is derived data: losing it costs nothing but time. Files are written once and named by a digest of their content, so
that a damaged one is detected and removed; when there are many they are merged. User agents that were classified by
other rules or other versions of the tables are in another folder, which is removed. Threads of a run may share it.
"""

import contextlib
import hashlib
import json
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from mtc.core.atomic_files import sha256
from mtc.core.sql import literal
from mtc.formats.agents import recipe

KNOWN_COLUMNS: tuple[tuple[str, str], ...] = (
    ("user_agent", "VARCHAR"),
    ("bot", "BOOLEAN"),
    ("browser", "VARCHAR"),
    ("browser_version", "VARCHAR"),
    ("os", "VARCHAR"),
    ("device", "VARCHAR"),
    ("robot", "VARCHAR"),
    ("kind", "VARCHAR"),
)
"""The columns kept of each user agent, in order, with their types."""

_NAMES = ", ".join(name for name, _ in KNOWN_COLUMNS)
_NAME = re.compile(r"(\d{8})-([0-9a-f]{32})\.parquet")
_DIGITS = 32  # of a digest
_FILES = 8
_MOST = 500_000  # user agents
_LONGEST = 500  # characters


@dataclass(slots=True)
class KnownAgents:
    """The cache of a project. `work` is its folder for derived data, `scratch` the folder that runs empty.

    `most` is how many user agents are kept at most.
    """

    work: Path
    scratch: Path
    most: int = _MOST
    _folder: Path | None = field(default=None)
    _sound: dict[str, bool] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look_up(self, connection: duckdb.DuckDBPyConnection, texts: str, into: str) -> None:
        """Copy the cached rows of the user agents in the table `texts` into the table `into`."""
        with contextlib.suppress(OSError, duckdb.Error):  # a cache miss
            if files := self._files():
                connection.execute(f"""
INSERT INTO {into}
SELECT DISTINCT ON (user_agent) {_NAMES} FROM {_reading(files)} SEMI JOIN {texts} USING (user_agent)
""")  # noqa: S608 - names of this package's own tables

    def store(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        """Store the rows of a table for later runs; what cannot be written is classified again then."""
        query = f"SELECT {_NAMES} FROM {table} WHERE length(user_agent) <= {_LONGEST} LIMIT {self.most}"  # noqa: S608 - as above
        with contextlib.suppress(OSError, duckdb.Error), self._lock:
            self._write(connection, query, self._last() + 1)
            if len(files := self._files()) > _FILES:
                self._merge(connection, files)

    def _merge(self, connection: duckdb.DuckDBPyConnection, files: list[Path]) -> None:
        """Merge several files into one. If there are too many rows, those of the oldest files are dropped."""
        last = self._last()
        made = self._write(
            connection,
            f"""
SELECT {_NAMES} FROM {_reading(files)}
QUALIFY row_number() OVER (PARTITION BY user_agent ORDER BY filename DESC) = 1
ORDER BY filename DESC LIMIT {self.most}
""",  # noqa: S608 - as above
            last,
        )
        for file in files:
            if file != made:
                file.unlink(missing_ok=True)

    def _write(self, connection: duckdb.DuckDBPyConnection, query: str, number: int) -> Path:
        self.scratch.mkdir(parents=True, exist_ok=True)
        staged = self.scratch / f"agents-{secrets.token_hex(8)}.parquet"
        try:
            connection.execute(f"COPY ({query}) TO {literal(str(staged))} (FORMAT parquet, COMPRESSION zstd)")
            target = self.folder / f"{number:08d}-{sha256(staged)[:_DIGITS]}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)
        finally:
            staged.unlink(missing_ok=True)
        return target

    @property
    def folder(self) -> Path:
        """The folder for the current rules; others beside it are removed at the first use."""
        if self._folder is None:
            digest = hashlib.sha256(json.dumps([recipe(), KNOWN_COLUMNS]).encode()).hexdigest()
            self._folder = self.work / "agents" / digest[:_DIGITS]
            for other in _inside(self._folder.parent):
                if other != self._folder:
                    shutil.rmtree(other, ignore_errors=True)
        return self._folder

    def _files(self) -> list[Path]:
        """The undamaged files, oldest first; damaged ones are removed. Each file is checked once."""
        return [file for file in sorted(_inside(self.folder)) if self._is_sound(file)]

    def _is_sound(self, file: Path) -> bool:
        if file.name not in self._sound:
            match = _NAME.fullmatch(file.name)
            self._sound[file.name] = match is not None and sha256(file)[:_DIGITS] == match[2]
            if not self._sound[file.name]:
                file.unlink(missing_ok=True)
        return self._sound[file.name]

    def _last(self) -> int:
        numbers = (_NAME.fullmatch(file.name) for file in _inside(self.folder))
        return max((int(match[1]) for match in numbers if match), default=0)


def _inside(folder: Path) -> Iterator[Path]:
    return folder.iterdir() if folder.is_dir() else iter(())


def _reading(files: list[Path]) -> str:
    listed = ", ".join(literal(str(file)) for file in files)
    return f"read_parquet([{listed}], filename = true)"
