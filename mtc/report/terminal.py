"""Output streams: what a stream can show (moving the cursor, colour, Unicode, width), and writing lines to it.

This is the only place that examines streams and the environment for it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

_WIDTH = 80


class Tone(StrEnum):
    """The meaning of a piece of text; the value is the ANSI code of its colour."""

    PLAIN = ""
    GOOD = "32"
    BAD = "31"
    WARN = "33"
    ASIDE = "2"
    HEAD = "1"


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a stream can show. `moving` means that the cursor can go back, so progress bars are possible."""

    is_terminal: bool = False
    moving: bool = False
    colour: bool = False
    unicode: bool = True
    width: int = _WIDTH

    def paint(self, text: str, tone: Tone) -> str:
        """Colour `text` if the stream has colour. The text must be sanitized."""
        return f"\x1b[{tone.value}m{text}\x1b[0m" if self.colour and tone.value and text else text


PLAIN = Terminal()


def detect_terminal(stream: TextIO, environment: Mapping[str, str]) -> Terminal:
    """Find out what `stream` can show.

    `NO_COLOR` (not empty) wins over `FORCE_COLOR` (not empty, not 0), which gives colour without a terminal
    too, but never progress bars. `TERM=dumb` has neither colour, bars nor characters beyond ASCII. `COLUMNS` wins over
    the terminal's own width. See https://no-color.org and https://force-color.org.
    """
    is_terminal = stream.isatty()
    dumb = environment.get("TERM", "") in {"dumb", "unknown"}
    forced = environment.get("FORCE_COLOR", "") not in {"", "0"}
    return Terminal(
        is_terminal=is_terminal,
        moving=is_terminal and not dumb,
        colour=not environment.get("NO_COLOR") and (forced or (is_terminal and not dumb)),
        unicode=not dumb and (stream.encoding or "utf-8").lower().replace("-", "").startswith("utf"),
        width=_width(stream, environment, is_terminal=is_terminal),
    )


def _width(stream: TextIO, environment: Mapping[str, str], *, is_terminal: bool) -> int:
    columns = environment.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    if is_terminal:
        try:
            return os.get_terminal_size(stream.fileno()).columns or _WIDTH
        except (OSError, ValueError):
            return _WIDTH
    return _WIDTH


def encodable(text: str, encoding: str) -> str:
    """Escape characters that `encoding` does not have, so that writing them cannot fail."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def write_line(stream: TextIO, text: str) -> None:
    """Write `text` and a line end. Characters that the stream's encoding lacks are escaped.

    Raises:
        OSError: the stream cannot be written to.
    """
    stream.write(encodable(f"{text}\n", stream.encoding or "utf-8"))
    stream.flush()


def try_write_line(stream: TextIO, text: str) -> None:
    """Write a line; ignore errors, as a last message must not become another error."""
    try:
        write_line(stream, text)
    except BrokenPipeError:
        discard_output(stream)
    except OSError:
        return


def discard_output(stream: TextIO) -> None:
    """Redirect a stream that was closed by its reader to /dev/null, so that Python's flush at exit does not fail."""
    try:
        handle = stream.fileno()
    except (OSError, ValueError):
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, handle)
    finally:
        os.close(sink)
