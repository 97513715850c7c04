"""The values that all packages share: stages, verdicts, steps, objects, parts, accounting, outputs. Frozen; no I/O."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Self

SITE_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"


def is_site_name(text: str) -> bool:
    """Whether a text is a valid name of a site."""
    return re.fullmatch(SITE_NAME, text) is not None


class Stage(StrEnum):
    """A stage of processing. A day goes through them in this order."""

    IMPORT = "import"
    STAT = "stat"
    CSV = "csv"


class Verdict(StrEnum):
    """What the planner decided for a step, and why."""

    NEW = "new"
    FAILED = "failed"
    INPUTS_CHANGED = "inputs changed"
    MANIFEST_CHANGED = "manifest changed"
    RECIPE_CHANGED = "recipe changed"
    OUTPUT_MISSING = "output missing"
    LATE_OBJECTS = "late objects"
    GROWN = "grown"
    UNDER_WAY = "under way"
    UP_TO_DATE = "up to date"
    COUNTED_TWICE = "would count twice"
    WOULD_LOSE = "would lose"
    BLOCKED = "blocked"
    NOT_DUE = "not due"

    @property
    def is_work(self) -> bool:
        """Whether `apply` has work to do for a step with this verdict."""
        return self not in _NO_WORK

    @property
    def is_stuck(self) -> bool:
        """Whether an operator has to act before `apply` can."""
        return self in _STUCK


_STUCK = frozenset({Verdict.COUNTED_TWICE, Verdict.WOULD_LOSE, Verdict.BLOCKED})
_NO_WORK = _STUCK | {Verdict.UNDER_WAY, Verdict.UP_TO_DATE, Verdict.NOT_DUE}


class Status(StrEnum):
    """The status of a step, as the state file records it."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    EMPTY = "empty"
    FAILED = "failed"
    BLOCKED = "blocked"


class StepId(NamedTuple):
    """One stage of one site on one day; the same step in two manifests is the same step.

    A tuple, as steps are looked up more than anything else: it is hashed and compared without running Python.
    """

    stage: Stage
    site: str
    day: dt.date

    def __str__(self) -> str:
        return f"{self.stage.value}:{self.site}:{self.day.isoformat()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a text like `import:docs:2026-05-01`.

        Raises:
            ValueError: the text is not a step.
        """
        match = re.fullmatch(rf"(import|stat|csv):({SITE_NAME}):(\d{{4}}-\d\d-\d\d)", text)
        if match is None:
            raise ValueError(f"{text!r} is not a step; a step looks like import:docs:2026-05-01")
        return cls(Stage(match[1]), match[2], dt.date.fromisoformat(match[3]))


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of a log that grows: the bytes of its text, decompressed, from `start` to before `stop`.

    `log` is the id of the log, which stays the same when its file is renamed or compressed; `file` is the key of the
    file that it was found in. `head` is the SHA-256, hex, of the first `head_size` bytes of the text, `tail` that of
    the last `tail_size` bytes before `stop`: with both a file is known again. `format` is the name of the format that
    lines before it were read in. `header` are the lines, such as `#Fields` or a row of column names, that tell how to
    read its first lines, `next_header` those for what follows it, once it is loaded. `since` is when the file was last
    written to when the slice before was found, in nanoseconds since the epoch; 0 for the first slice. `first_lines` are
    digests of the text up to each line end that lies both in the head and in the slice, 16 digits each: with them a
    short copy of the log is known again.

    A slice that several were merged into has in `pieces` the places where these stop.
    """

    log: str
    file: str
    start: int
    stop: int
    head: str
    head_size: int
    tail: str
    tail_size: int
    format: str = ""
    header: str = ""
    next_header: str = ""
    since: int = 0
    pieces: tuple[int, ...] = ()
    first_lines: str = ""


@dataclass(frozen=True, slots=True, order=True)
class SourceObject:
    """One log file in a source, or a slice of one. `key` is the path below the source's fixed root, or the S3 key.

    `etag` is S3's, without quotes; a folder has none. `modified` is nanoseconds since the epoch. The key of a slice is
    that of its file with the log's id and where it begins, its size that of its text, its ETag a digest of where it is.
    """

    key: str
    size: int
    etag: str = ""
    modified: int = 0
    slice: Slice | None = field(default=None, compare=False)

    @property
    def version(self) -> str:
        """A text that changes when the object's content may have changed: the ETag, else size and time."""
        return self.etag or f"{self.size}-{self.modified}"

    @property
    def modified_at(self) -> dt.datetime:
        """When it was last written to, in UTC."""
        return dt.datetime.fromtimestamp(self.modified / 1e9, dt.UTC)

    @property
    def label(self) -> str:
        """The object as people name it: its key; of a slice the file's, and where it begins."""
        return self.key if self.slice is None else _label(self.slice.file, self.slice.start)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit("/", 1)[-1]


def _label(file: str, start: int) -> str:
    return f"{file} from byte {start:,}" if start else file


_SLICE_KEY = re.compile(r"(.+)@[0-9a-f]{8}(?:-\d+)?\+(\d+)", re.DOTALL)


def label_of_key(key: str) -> str:
    """The label of an object of which only the key is known."""
    found = _SLICE_KEY.fullmatch(key)
    return _label(found[1], int(found[2])) if found else key


@dataclass(frozen=True, slots=True)
class Accounting:
    """Where every line of one or more objects went: `lines = hits + filtered + rejected`.

    `filtered` and `rejected` are counts by reason.
    """

    lines: int = 0
    hits: int = 0
    filtered: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether `lines = hits + filtered + rejected` holds."""
        return self.lines == self.hits + sum(self.filtered.values()) + sum(self.rejected.values())

    @classmethod
    def total(cls, parts: Iterable["Accounting"]) -> "Accounting":
        """The sum of several accountings."""
        lines = hits = 0
        filtered: dict[str, int] = {}
        rejected: dict[str, int] = {}
        for part in parts:
            lines += part.lines
            hits += part.hits
            for into, counts in ((filtered, part.filtered), (rejected, part.rejected)):
                for reason, count in counts.items():
                    into[reason] = into.get(reason, 0) + count
        return cls(lines, hits, dict(sorted(filtered.items())), dict(sorted(rejected.items())))


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """The hits that one object has on one day, and the Parquet file that holds them.

    `file` is relative to the warehouse. Several small objects may share a file; each row of it names its
    object by `object_id`. `day` is the day of the hits in the site's zone, not the day of the object. `digest` is the
    SHA-256 of the file, hex; empty where it is not known.
    """

    site: str
    day: dt.date
    file: str
    object_id: str
    hits: int
    digest: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class LoadedObject:
    """An object that has been loaded for a step: its version, its accounting, and its parts.

    `object_id` is a digest of key and version, `content` of the bytes. `archived` is the URL of its verified copy in
    the archive, or empty. `made_with` is a digest of the settings it was loaded with, `recipe` the version of the
    import. `text` is a digest of its decompressed lines, the same for all copies of a log; empty where it is not known,
    or there are no lines.
    """

    object: SourceObject
    object_id: str
    content: str
    format: str
    accounting: Accounting
    parts: tuple[Part, ...]
    archived: str = ""
    made_with: str = ""
    text: str = ""
    recipe: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Output:
    """A file that a step wrote: its path relative to the project, its size in bytes and its SHA-256."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of a finished step. `figures` are counts for people (visits, hits, bytes ...)."""

    step: StepId
    status: Status
    outputs: tuple[Output, ...] = ()
    accounting: Accounting | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


RECIPES: dict[Stage, int] = {Stage.IMPORT: 2, Stage.STAT: 2, Stage.CSV: 2}
"""The version of each stage's computation: part of every fingerprint.

A change of code that gives other numbers for the same inputs raises its stage's number, and no other change does.
Statistics and CSV of an earlier recipe are then made again automatically, imports on request (`--remake`).
"""

FIRST_RECIPE = 1
"""The recipe of results made before recipes were recorded."""
