"""The parsed documentation: README and the pages of docs/, their code blocks, and commands with their output.

Comments directly above a code block are its marks:

- `<!-- file: NAME -->`: the block is the content of a file, which exists for the following commands of the page;
- `<!-- exit: N -->`: the last command of the block ends with this exit code instead of 0;
- `<!-- output: COMMAND -->`: the block is the output of this command of the page;
- `<!-- invalid -->`: the manifest is an example of errors.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
"""The text of each page for users, by its path."""

_BLOCK = re.compile(r"^((?:<!-- .* -->\n)*)```(\w*)\n((?s:.*?))^```$", re.MULTILINE)
_MARK = re.compile(r"<!-- (\w+)(?:: (.*))? -->")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
ELLIPSIS = "..."


@dataclass(frozen=True, slots=True)
class Block:
    """A code block: its language, its text without the last line end, and its marks by name."""

    language: str
    text: str
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Command:
    """A command, the output lines that the page shows below it, and the expected exit code."""

    text: str
    shown: tuple[str, ...]
    exit_code: int

    @property
    def words(self) -> list[str]:
        """Return the command's arguments."""
        return shlex.split(self.text)


def blocks(text: str) -> Iterator[Block]:
    """Return the code blocks of a page, in order."""
    for match in _BLOCK.finditer(text):
        yield Block(match[2], match[3], {name: value or "" for name, value in _MARK.findall(match[1])})


def commands(block: Block) -> list[Command]:
    """Return the commands of a console block: lines that start with `$ `, each followed by its output."""
    pieces = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert pieces[0] == "", "a console block begins with a command"
    found = [(command, tuple(map(str.rstrip, shown))) for command, *shown in (p.splitlines() for p in pieces[1:])]
    codes = [0] * (len(found) - 1) + [int(block.marks.get("exit", "0"))]
    return [Command(command, shown, code) for (command, shown), code in zip(found, codes, strict=True)]


def shows(output: str, shown: Sequence[str]) -> bool:
    """Return whether an output has the lines of a page. `...` stands for any number of lines; times may differ."""
    if not shown:
        return True
    lines = [line.rstrip() for line in _TIME.sub("TIME", output.rstrip()).splitlines()]
    wanted = [_TIME.sub("TIME", line) for line in shown]
    pattern = "".join(r"(?:.*\n)*?" if line == ELLIPSIS else re.escape(line) + r"\n" for line in wanted)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def code_spans(text: str) -> list[str]:
    """Return the inline code of a page."""
    return re.findall(r"`([^`\n]+)`", _BLOCK.sub("", text))
