"""Headers in mid-file that change how the following lines are read. Lines that are no headers are not looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtc.formats.model import Format, HeaderChanges
from mtc.formats.pattern import CustomPattern

# How many lines before the one that says something may belong to the same header.
_BEFORE = 16
# Behind this line begins a log that Imperva delivers; before it stand facts about the file.
_LOG_START = "|==|"
_PREAMBLE_LINES = 20


@dataclass(slots=True)
class FormatSwitches:
    """The lines of one object, block by block. `format` is that of the line which comes next."""

    format: Format
    _state: HeaderChanges | None = None
    _last: bytes = b""

    def cut(self, block: bytes) -> Iterator[tuple[Format, bytes]]:
        """Cut whole lines where their format changes; no piece is empty."""
        begun, current = 0, self.format
        for at, after in self._changes(block):
            if at > begun:
                yield current, block[begun:at]
            begun, current = at, after
        if begun < len(block):
            yield current, block[begun:]

    def _changes(self, block: bytes) -> Iterator[tuple[int, Format]]:
        """Where another format begins, and which: at the first line of the header that says so."""
        state = self._state or self.format.changes
        for at in _headers(block, state.marks) if state else ():
            line = block[at : block.find(b"\n", at)]
            if state is None or line == self._last:
                continue
            self._last = line
            state = self._state = state.after(line.decode("utf-8", "backslashreplace"))
            if state.format is not self.format:
                self.format = state.format
                yield _beginning(block, at), state.format


def fits_of(log_format: Format, sample: Sequence[str], lines: Sequence[str]) -> list[int]:
    """How well each of `lines` fits, which are those of `sample` without its headers."""
    if isinstance(log_format.shape, CustomPattern):
        return log_format.shape.fits_all(lines)
    if log_format.changes is None:
        return [log_format.shape.fits(line) for line in lines]
    found: list[int] = []
    state = log_format.changes
    for line in sample:
        if line.startswith("#"):
            state = state.after(line)
        elif line.strip():
            found.append(state.format.shape.fits(line))
        if len(found) >= len(lines):
            break
    return [*found, *[0] * len(lines)][: len(lines)]


def without_preamble(sample: Sequence[str]) -> Sequence[str]:
    """The sample from where its log begins."""
    head = list(sample[:_PREAMBLE_LINES])
    return sample[head.index(_LOG_START) + 1 :] if _LOG_START in head else sample


def _headers(block: bytes, marks: tuple[bytes, ...]) -> Iterator[int]:
    """Where the lines with a mark begin."""
    at = 0 if block.startswith(b"#") else _next(block, 0)
    while at >= 0:
        if block.startswith(marks, at):
            yield at
        at = _next(block, at)


def _next(block: bytes, at: int) -> int:
    """Where the next line with a `#` begins; -1 where there is none."""
    found = block.find(b"\n#", at)
    return -1 if found < 0 else found + 1


def _beginning(block: bytes, at: int) -> int:
    """Where the header begins that a line of it is in."""
    start = at
    for _ in range(_BEFORE):
        before = block.rfind(b"\n", 0, max(start - 1, 0)) + 1
        if start == 0 or not block.startswith(b"#", before):
            break
        start = before
    return start
