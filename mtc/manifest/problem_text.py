"""A problem of a manifest as people read it: its place, what to do, the line it is in and a caret.

A manifest is somebody else's text: control, direction and private characters are spelled out, never sent to a terminal.
"""

import os.path
import unicodedata
from pathlib import Path

from mtc.core.errors import Problem
from mtc.core.sanitize import escape_invisible

_TAB = 4
_WIDTH = 110


def render(problem: Problem, cwd: Path | None = None) -> str:
    """`file:line:column: where: what. hint`, then the source line with a caret under the column, if there is one."""
    place = ":".join([_relative(problem.file, cwd or Path.cwd()), *_numbers(problem)])
    where = f"{problem.where}: " if problem.where else ""
    text = f"{problem.what}. {problem.hint}" if problem.hint else problem.what
    head = escape_invisible(f"{place}: {where}{text}")
    return f"{head}\n{_excerpt(problem)}" if problem.source.strip() else head


def _numbers(problem: Problem) -> list[str]:
    return [str(problem.line), str(problem.column)] if problem.line else []


def _relative(file: str, cwd: Path) -> str:
    path = Path(file)
    if not path.is_absolute() or not path.is_relative_to(cwd):
        return file
    return os.path.relpath(path, cwd)


def _excerpt(problem: Problem) -> str:
    """The source line and the caret; of a long line the piece around the caret."""
    column = max(problem.column - 1, 0)
    start = max(0, column - _WIDTH // 2) if len(problem.source) > _WIDTH else 0
    piece = problem.source[start : start + _WIDTH]
    shown = [" " * _TAB if character == "\t" else escape_invisible(character) for character in piece]
    before = "".join(shown[: column - start])
    left, right = "..." if start else "", "..." if start + _WIDTH < len(problem.source) else ""
    indent = sum(_cells(character) for character in left + before)
    margin = f"{problem.line:>5} | "
    return f"{margin}{left}{''.join(shown)}{right}\n{' ' * (len(margin) - 2)}| {' ' * indent}^"


def _cells(character: str) -> int:
    """How many cells of a terminal a visible character takes."""
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
