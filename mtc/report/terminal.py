"""What a stream can show: whether a terminal is there, colour, which characters, how wide.

Read from the stream and the environment once, so that nothing else asks.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

_WIDTH = 80


class Tone(StrEnum):
    """How a piece of text is meant; the value is the terminal's code for its colour."""

    PLAIN = ""
    GOOD = "32"
    BAD = "31"
    WARN = "33"
    ASIDE = "2"
    HEAD = "1"


@dataclass(frozen=True, slots=True)
class Look:
    """What a stream can show. `moving` means that the cursor can go back: bars are possible."""

    terminal: bool = False
    moving: bool = False
    colour: bool = False
    unicode: bool = True
    width: int = _WIDTH

    def paint(self, text: str, tone: Tone) -> str:
        """Colour `text`, where colour is wanted. Only for text that is safe already."""
        return f"\x1b[{tone.value}m{text}\x1b[0m" if self.colour and tone.value and text else text


PLAIN = Look()


def look_at(stream: TextIO, environment: Mapping[str, str]) -> Look:
    """See what `stream` can show.

    `NO_COLOR` (not empty) wins over `FORCE_COLOR` (not empty, not 0), which gives colour without a terminal too
    but never bars. `TERM=dumb` has neither colour, bars nor characters beyond ASCII. `COLUMNS` wins over the
    terminal's own width. See https://no-color.org and https://force-color.org.
    """
    terminal = stream.isatty()
    dumb = environment.get("TERM", "") in {"dumb", "unknown"}
    forced = environment.get("FORCE_COLOR", "") not in {"", "0"}
    return Look(
        terminal=terminal,
        moving=terminal and not dumb,
        colour=not environment.get("NO_COLOR") and (forced or (terminal and not dumb)),
        unicode=not dumb and (stream.encoding or "utf-8").lower().replace("-", "").startswith("utf"),
        width=_width(stream, environment, terminal=terminal),
    )


def _width(stream: TextIO, environment: Mapping[str, str], *, terminal: bool) -> int:
    columns = environment.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    if terminal:
        try:
            return os.get_terminal_size(stream.fileno()).columns or _WIDTH
        except (OSError, ValueError):
            return _WIDTH
    return _WIDTH
