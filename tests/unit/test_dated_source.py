"""Dated logs grow and are renamed, compressed, copied and deleted at random: every line is loaded once."""

import dataclasses
import datetime as dt
import gzip
import hashlib
import os
import random
from pathlib import Path

import pytest

from mtc.core.model import Accounting, LoadedObject, SourceObject
from mtc.core.records import copies_among
from mtc.plan.object_changes import compare
from mtc.sources.dated_source import DatedSource
from mtc.sources.folder import FolderSource
from mtc.sources.url_pattern import SourceUrl

DAY = dt.date(2026, 5, 1)
SETTLE = dt.timedelta(hours=6)
STEPS = 40


class Walk:
    """A folder with dated logs, and what was loaded from them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.folder, self.spool = root / "logs", root / "spool"
        self.folder.mkdir()
        self.now = dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC) + dt.timedelta(hours=self.random.choice([0, 14, 40]))
        files = FolderSource(self.folder, SourceUrl.compile("logs/{date:%Y-%m-%d}*", "docs"))
        self.source = DatedSource(
            files, dt.UTC, SETTLE, root / "memory.json", self.spool, clock=lambda: self.now, in_place=True
        )
        self.loaded: dict[str, LoadedObject] = {}
        self.texts: dict[str, bytes] = {}
        self.written: list[bytes] = []
        self.pieces: dict[str, bytes] = {}
        self.number = 0
        self.seen = set[str]()
        self.names = ["2026-05-01.log", "2026-05-01-b.log"]
        self.packed = set[str]()
        self.deleted = False

    @property
    def plain(self) -> list[str]:
        """Return the logs that are not compressed."""
        return sorted(path.name for path in self.folder.iterdir() if not path.name.endswith(".gz"))

    @property
    def is_settled(self) -> bool:
        """Whether an incomplete last line counts."""
        return self.now >= dt.datetime(2026, 5, 2, 5, tzinfo=dt.UTC)

    def append(self) -> None:
        """Write lines to a log, and sometimes part of one."""
        name = self.random.choice(self.names)
        if not (self.folder / name).exists() and self.deleted:  # a log with the name of a deleted log replaces it
            self.number += 1
            self.names.remove(name)
            name = f"2026-05-01-{self.number}.log"
            self.names.append(name)
        text = b""
        for _ in range(self.random.choice([1, 3, 200])):
            self.number += 1
            line = b"line %d of %s" % (self.number, name.encode())
            self.written.append(line)
            text += line + b"\n"
        text = self.pieces.pop(name, b"") + text
        if self.random.random() < 0.3 and not self.is_settled:
            self.number += 1
            piece = b"line %d of %s" % (self.number, name.encode())
            self.written.append(piece)
            cut = self.random.randrange(1, len(piece) + 1)
            text, self.pieces[name] = text + piece[:cut], piece[cut:] + b"\n"
        with (self.folder / name).open("ab") as stream:
            stream.write(text)
        self.touch(name)

    def finish(self) -> None:
        """Complete all partial lines."""
        for name, rest in self.pieces.items():
            with (self.folder / name).open("ab") as stream:
                stream.write(rest)
            self.touch(name)
        self.pieces.clear()

    def touch(self, name: str) -> None:
        """Set the file's modification time to now."""
        moment = int(self.now.timestamp() * 1e9)
        os.utime(self.folder / name, ns=(moment, moment))

    def rename(self) -> None:
        """Rename a log after completing it."""
        self.finish()
        if self.plain:
            name = self.random.choice(self.plain)
            self.number += 1
            (self.folder / name).rename(self.folder / f"{name}.{self.number}")

    def compress(self, *, keep: bool = False) -> None:
        """Compress a log."""
        self.finish()
        if self.plain:
            path = self.folder / self.random.choice(self.plain)
            self.number += 1
            new = path if keep or "log." in path.name else path.rename(path.with_name(f"{path.name}.{self.number}"))
            packed = new.with_name(f"{new.name}.gz")
            if packed.name in self.packed:  # a file with the name of another file replaces it
                packed = new.with_name(f"{new.name}.{self.number}.gz")
            self.packed.add(packed.name)
            packed.write_bytes(gzip.compress(new.read_bytes(), mtime=0))
            self.touch(packed.name)
            if keep:
                self.look()
            else:
                new.unlink()

    def look(self) -> None:
        """Load new and changed objects, as a run does."""
        for _ in range(2):
            found = self.source.look([DAY], {DAY: tuple(self.loaded.values())})
            changes = compare(found.get(DAY, ()), self.loaded.values(), "", ())
            for old in (old for old, _ in changes.moved):
                del self.loaded[old.object.key], self.texts[old.object.key]
            for item in changes.to_load:
                self.load(item)
        assert not changes.to_load, changes.to_load
        self.seen = {path.name for path in self.folder.iterdir()}

    def load(self, item: SourceObject) -> None:
        """Load one object."""
        path = self.source.fetch(item, self.spool)
        self.source.confirm_unchanged(item)
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix == ".gz" or data.startswith(b"\x1f\x8b") else data
        digest = hashlib.sha256(text if text.endswith(b"\n") else text + b"\n").hexdigest()
        lines = digest if item.slice is None else ""
        content = hashlib.sha256(data).hexdigest()
        self.loaded[item.key] = LoadedObject(item, item.key, content, "combined", Accounting(), (), text=lines)
        self.texts[item.key] = text

    def delete(self) -> None:
        """Delete a file that was seen in its current state."""
        self.finish()
        self.look()
        if names := sorted(self.seen - {*self.names}):
            self.deleted = True
            (self.folder / self.random.choice(names)).unlink()

    def reload(self) -> None:
        """Load an object again, as after a change of settings."""
        found = self.source.look([DAY], {DAY: tuple(self.loaded.values())}).get(DAY, ())
        same = [
            item for item in found if item.key in self.loaded and self.loaded[item.key].object.version == item.version
        ]
        for item in same:
            before = self.texts[item.key]
            self.load(item)
            assert self.texts[item.key] == before
            kept = dataclasses.replace(self.loaded[item.key], object=item)
            self.loaded[item.key] = kept

    def step(self) -> None:
        """Do one random action."""
        minutes = self.random.choice([1, 20, 200])
        if minutes > 20 or self.is_settled:  # an incomplete last line counts as it is then
            self.finish()
        self.now += dt.timedelta(minutes=minutes)
        do = self.random.choices(
            [
                self.append,
                self.look,
                self.rename,
                self.compress,
                lambda: self.compress(keep=True),
                self.delete,
                self.reload,
            ],
            [8, 6, 1, 1, 1, 1, 1],
        )
        do[0]()

    def expect_all(self) -> None:
        """Check that every line was loaded once; copies do not count."""
        copies = copies_among(self.loaded.values())
        lines = [line for key, text in self.texts.items() if key not in copies for line in text.splitlines()]
        assert sorted(lines) == sorted(self.written)


@pytest.mark.parametrize("seed", range(40))
def test_every_line_is_loaded_once(tmp_path: Path, seed: int) -> None:
    """The order of actions between two runs does not matter."""
    walk = Walk(tmp_path, seed)
    for _ in range(STEPS):
        walk.step()
    walk.finish()
    walk.now += dt.timedelta(minutes=1)
    walk.look()
    walk.expect_all()
    walk.now += dt.timedelta(days=3)
    walk.look()
    walk.expect_all()
