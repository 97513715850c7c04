"""Loads the native reader of plain lines, if it was built, and wraps it.

A reader owns the memory of its tables; they may be scanned any number of times until it is closed. The library is
loaded by `ctypes`, which releases the interpreter's lock while it reads.
"""

import ctypes
import functools
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mtc.core.errors import TransientError
from mtc.formats.native.build import LIBRARY, SOURCE, source_digest
from mtc.formats.pattern import Ending

SWITCH = "MTC_NATIVE"
"""The environment variable that turns the library off, with the value 0."""

Table = Literal["hits", "odd", "agents"]
TABLES: tuple[Table, ...] = get_args(Table)
"""What a reader has of its lines."""

FILTERED = ("error", "redirect", "static")
"""The reasons for which a reader leaves lines out."""

_ENDINGS: tuple[Ending, ...] = get_args(Ending)
_COUNTS = 7
_STREAM = b"arrow_array_stream"


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """What plain lines look like, and which are hits.

    `host` is the place of the virtual host among the words of a line, 0 or 1, or None. `keeps` are the reasons that
    exclude no line: `error`, `redirect`, `static`. `shift` is added to every time, in microseconds. `static` and
    `downloads` are extensions of up to 8 lower-case letters and digits.
    """

    ending: Ending
    host: int | None
    keeps: frozenset[str]
    shift: int
    static: Sequence[str]
    downloads: Sequence[str]


@dataclass(frozen=True, slots=True)
class PlainCounts:
    """How many lines there were so far: hits, filtered by reason, and odd ones; `wild` of these have many quotes.

    `agents` is how many user agents the hits have.
    """

    hits: int
    filtered: Mapping[str, int]
    odd: int
    wild: int
    agents: int


class _Settings(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_int32) for name in ("ending", "host_first", "host_second", "errors", "redirects", "statics")),
        ("shift", ctypes.c_int64),
        ("seed", ctypes.c_uint64),
    )


@functools.cache
def _library() -> ctypes.CDLL | str:
    """The library, or why there is none."""
    if os.environ.get(SWITCH) == "0":
        return f"switched off by {SWITCH}=0"
    if not LIBRARY.exists():
        return "not built: there was no C compiler"
    try:
        library = ctypes.CDLL(str(LIBRARY))
        built_from = ctypes.c_char_p.in_dll(library, "plain_source").value
    except (OSError, ValueError) as error:
        return f"it cannot be loaded: {error}"
    if SOURCE.exists() and built_from != source_digest().encode():
        return "it was built from another version: install mtc again"
    pointer, number, size = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64
    library.plain_new.restype, library.plain_feed.restype, library.plain_scan.restype = pointer, size, pointer
    library.plain_new.argtypes = [ctypes.POINTER(_Settings), ctypes.POINTER(ctypes.c_char_p), ctypes.c_char_p, number]
    library.plain_feed.argtypes = [pointer, ctypes.c_char_p, size]
    library.plain_counts.argtypes = [pointer, ctypes.POINTER(size)]
    library.plain_scan.argtypes, library.plain_free.argtypes = [pointer, number], [pointer]
    return library


def why_not() -> str:
    """Why the library is not used; empty if it is."""
    found = _library()
    return found if isinstance(found, str) else ""


@functools.cache
def _capsule() -> "ctypes._FuncPointer":
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return new


@dataclass(frozen=True, slots=True)
class _Scan:
    """A table as an object that the database scans; it must not be used when the reader is closed."""

    lines: "PlainLines"
    table: Table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.lines.stream(self.table)


class PlainLines:
    """The plain lines of a text, as columns of hits and of their user agents; and the other lines as they are.

    `hits` has n (the line, from 0), ts, status, bytes, download (0, 1), agent (a code), host, ip, user, method,
    protocol, path, query, referrer, c6 and c7 (what is behind the user agent); `odd` has n and line; `agents` has code
    and user_agent, `-` as an empty text.
    """

    def __init__(self, settings: PlainSettings) -> None:
        library = _library()
        assert not isinstance(library, str), library  # noqa: S101 - as the caller has asked `why_not`
        self._library = library
        meanings: dict[str, int] = {}
        for bit, extensions in ((1, settings.static), (2, settings.downloads)):
            meanings |= {word: meanings.get(word, 0) | bit for word in extensions}
        given = _Settings(
            _ENDINGS.index(settings.ending),
            settings.host == 0,
            settings.host == 1,
            *(name in settings.keeps for name in FILTERED),
            settings.shift,
            secrets.randbits(64),
        )
        words = (ctypes.c_char_p * len(meanings))(*(word.encode() for word in meanings))
        self._reader = library.plain_new(ctypes.byref(given), words, bytes(meanings.values()), len(meanings))
        self._check(self._reader)

    def feed(self, block: bytes) -> int:
        """Read whole lines, which must be valid UTF-8; returns how many they are.

        Raises:
            TransientError: there is not enough memory; nothing of the block was read.
        """
        lines = int(self._library.plain_feed(self._reader, block, len(block)))
        self._check(lines >= 0)
        return lines

    def counts(self) -> PlainCounts:
        """Count the lines so far."""
        found = (ctypes.c_int64 * _COUNTS)()
        self._library.plain_counts(self._reader, found)
        hits, *filtered, odd, wild, agents = found
        return PlainCounts(hits, dict(zip(FILTERED, filtered, strict=True)), odd, wild, agents)

    def scan(self, table: Table) -> object:
        """A table, to be registered with the database."""
        return _Scan(self, table)

    def stream(self, table: Table) -> object:
        """A new Arrow stream of a table, in a capsule; the reader owns it."""
        stream = self._library.plain_scan(self._reader, TABLES.index(table))
        self._check(stream)
        return _capsule()(stream, _STREAM, None)

    def close(self) -> None:
        """Free the memory."""
        reader, self._reader = self._reader, None
        if reader:
            self._library.plain_free(reader)

    def __del__(self) -> None:
        if getattr(self, "_reader", None):
            self.close()

    @staticmethod
    def _check(given: object) -> None:
        if not given:
            raise TransientError("there is not enough memory to read lines", hint="lower `run.jobs`")
