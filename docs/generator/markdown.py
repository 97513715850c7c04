"""Markdown that reads the same on GitHub and in MkDocs, whatever text is put into it."""

import re
from collections.abc import Iterable, Sequence

NOTICE = "<!-- Made by docs/generate.py: edit the code that it describes, then run it again. -->\n"

_READ_BY_MARKDOWN = re.compile(r"[&|<*~`\\]|(?<!\w)_|_(?!\w)|\](?=[(\[:])")
"""What stands for itself only as an entity. An underscore within a word does, and so do most brackets."""
_IN_CODE = re.compile(r"[&|<>*_~`\\\[\]$:]")
_CODE_SPAN = re.compile(r"`([^`]+)`")
_NOT_PLAIN = re.compile(r"[|`]|^\s|\s$|^$")


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def code(text: str) -> str:
    """A text as code, to be put into any line or cell.

    A cell may not hold a bar, nor a code span a backtick: then it is HTML, with entities for what Markdown would read.
    """
    if _NOT_PLAIN.search(text):
        return f"<code>{_IN_CODE.sub(_entity, text)}</code>"
    return f"`{text}`"


def prose(text: str | None) -> str:
    """A docstring for a line or a cell: its code spans stay, all other text stands for itself."""
    pieces = _CODE_SPAN.split(one_line(text or ""))
    return "".join(code(piece) if at % 2 else _escaped(piece) for at, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return _READ_BY_MARKDOWN.sub(_entity, text)


def _entity(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" if at != 1 else f"|{'|'.join(line)}|\n" for at, line in enumerate(lines))


def fenced(text: str, language: str) -> str:
    """A block of code, with a fence that is longer than any in it."""
    longest = max(map(len, re.findall(r"^`{3,}", text, re.MULTILINE)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names as code, `a`, `b` and `c`."""
    *first, final = map(code, names)
    return f"{', '.join(first)} {last} {final}" if first else final
