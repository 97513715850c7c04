"""How an error that mtc raises on purpose is told: what happened, and a tip where there is one.

For a bug see `crash.py`.
"""

from typing import TextIO

from mtc.errors import ManifestError, MtcError
from mtc.report.look import PLAIN, Look, Tone
from mtc.report.text import plural, safe, safe_block, try_to_say

# as long as a line of a manifest may reasonably be
_LIMIT = 1000


def error_text(error: MtcError, look: Look = PLAIN, problems: str = "") -> str:
    """`ERROR where: what`, then `  TIP hint`. A ManifestError's problems come first, its count last.

    `problems` is how the caller has laid out a ManifestError's problems; else each is a line.
    """
    if isinstance(error, ManifestError):
        told = safe_block(problems.rstrip("\n") or "\n".join(map(str, error.problems)), _LIMIT)
        number = plural(len(error.problems), "problem")
        return f"{told}\n{_error(f'the manifest is not valid: {number}', look)}"
    where = f"{safe(error.where)}: " if error.where else ""
    text = _error(f"{where}{safe(error.what, _LIMIT)}", look)
    return f"{text}\n{tip(error.hint, look)}" if error.hint else text


def tip(hint: str, look: Look = PLAIN) -> str:
    """The line that says what to do."""
    return f"  {look.paint('TIP', Tone.WARN)} {safe(hint, _LIMIT)}"


def _error(text: str, look: Look) -> str:
    return f"{look.paint('ERROR', Tone.BAD)} {text}"


def print_error(error: MtcError, stream: TextIO, look: Look = PLAIN, problems: str = "") -> int:
    """Print the error and give its exit code, also when nobody can read it."""
    try_to_say(stream, error_text(error, look, problems))
    return error.exit_code
