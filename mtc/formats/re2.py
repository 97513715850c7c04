r"""Which regular expressions a manifest may hold: what RE2 reads, decided without RE2, as a manifest loads no database.

`check_re2` is for expressions that RE2 alone runs (hit rules). `compile_expression` is for a log format that is an
expression, which RE2 runs on a log and Python on a sample of its lines: what only one of them knows is refused, and the
rest is rewritten so that both read it alike (`common_form`). RE2 has no look-around, backreferences, possessive
quantifiers or atomic groups; Python has no `\p{...}`, `\z` or `[[:alpha:]]`. Sources: RE2's syntax page; Python's `re`.
"""

import functools
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from mtc.core.suggest import suggest
from mtc.formats.layouts.layout import ALIASES, IGNORED, NAMES, LayoutError, TextLayout, require

_LONGEST = 2000
_LONGEST_COMMON = 4000
_MOST_REPEATS = 1000
_LARGEST = 10_000
_COMMON = "expressions are those that RE2 and Python have in common"
_RE2 = "expressions are RE2's, without lookaround and backreferences"
_CLASSES = frozenset("dDsSwW")
_PLACES = frozenset("AbB")
_CHARACTERS = frozenset("afnrtv")
# Escapes that Python reads and RE2 does not.
_NOT_RE2 = frozenset("123456789ZuUN")
_NAMED = re.compile(r"\(\?P?<(?P<name>[A-Za-z_][A-Za-z0-9_]*)>")
_FLAGS = re.compile(r"\(\?[is]+[:)]")
_RE2_FLAGS = re.compile(r"\(\?[ims]+[:)]")
_COUNT = re.compile(r"\{(?P<low>\d+)(?P<comma>,(?P<high>\d*))?\}")
_REFUSED = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<=": "look-behind",
    "(?<!": "look-behind",
    "(?>": "an atomic group",
    "(?(": "a condition",
    "(?#": "a comment",
    "(?P=": "a backreference",
    "(?P>": "a recursion",
}


@dataclass(frozen=True, slots=True)
class CommonForm:
    """An expression that RE2 and Python read alike. `flags` (`(?is`) are those that it begins with, if any."""

    body: str
    flags: str = ""


def check_re2(pattern: str) -> None:
    """Check that RE2 reads an expression.

    Raises:
        LayoutError: RE2 does not read it.
    """
    _read(pattern, _LONGEST, common=False)
    _check_python(pattern, 0, on_warning="ignore")


def common_form(text: str, name_group: Callable[[str], str]) -> CommonForm:
    """Rewrite an expression so that RE2 and Python read it alike, with unnamed groups as `(?:...)`.

    `name_group` turns the name of a group into the beginning of the group, such as `(?P<ip>`.

    Raises:
        LayoutError: RE2 or Python does not read it.
    """
    log_format = _read(text, _LONGEST_COMMON, common=True, name_group=name_group)
    _check_python(
        f"{log_format.flags}){log_format.body}" if log_format.flags else log_format.body,
        re.ASCII | re.DOTALL,
        on_warning="error",
    )
    return log_format


def groups(pattern: str) -> int:
    """The number of capturing groups of an expression."""
    return re.compile(pattern).groups


def _read(text: str, longest: int, *, common: bool, name_group: Callable[[str], str] = "(?P<{}>".format) -> CommonForm:
    if len(text) > longest:
        raise LayoutError(f"the expression is longer than {longest} characters", "match less")
    reader = _ExpressionReader(text, common, name_group)
    body = reader.run()
    return CommonForm(body.partition(")")[2], reader.flags) if reader.flags else CommonForm(body)


def _check_python(pattern: str, flags: int, *, on_warning: Literal["error", "ignore"]) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(on_warning)
            re.compile(pattern, flags)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        what = error.msg if isinstance(error, re.error) else str(error)
        raise LayoutError(f"the expression cannot be read: {what}", "check its brackets and the bars |") from None


@dataclass(slots=True)
class _OpenGroup:
    """A group that is open: the size of its expanded content, and the most repetitions of a piece of it."""

    size: int = 0
    repeats: int = 1


@dataclass(slots=True)
class _ExpressionReader:
    """Reads an expression from left to right. `last` is the previous piece, which a quantifier repeats.

    With `common`, syntax that RE2 and Python do not both read is refused; without, syntax that RE2 does not read.
    """

    text: str
    common: bool
    name_group: Callable[[str], str]
    at: int = 0
    flags: str = ""
    groups: list[_OpenGroup] = field(default_factory=lambda: [_OpenGroup()])
    last: _OpenGroup = field(default_factory=_OpenGroup)

    def run(self) -> str:
        """Read the expression and return it, with `common` rewritten."""
        out: list[str] = []
        while self.at < len(self.text):
            out.append(self._next())
        return "".join(out)

    def _next(self) -> str:
        char = self.text[self.at]
        if char == "\\":
            return self._atom(self._escape())
        if char == "[":
            return self._atom(self._set())
        if char == "(":
            return self._open()
        if char == ")":
            return self._close()
        if char in "*+?{" and (found := self._quantifier()):
            return found
        self.at += 1
        return char if char in "|^$" else self._atom(char)

    def _atom(self, written: str) -> str:
        self.last = _OpenGroup(1)
        self._count(self.last)
        return written

    def _count(self, piece: _OpenGroup) -> None:
        group = self.groups[-1]
        group.size += piece.size
        group.repeats = max(group.repeats, piece.repeats)
        if self.common and group.size > _LARGEST:
            raise LayoutError("the expression is too large when its repetitions are written out", "repeat less")

    def _refuse(self, what: str, hint: str = "") -> LayoutError:
        hint = hint or (_COMMON if self.common else _RE2)
        return LayoutError(f"{what} at character {self.at + 1} of the expression is not supported", hint)

    def _escape(self) -> str:
        """Read an escape. With `common`, a letter or digit that is not in both dialects is refused."""
        char = self.text[self.at + 1 : self.at + 2]
        if not char:
            raise LayoutError("the expression ends with a backslash", "write `\\\\` for one")
        if char in _CLASSES | _PLACES | _CHARACTERS:
            self.at += 2
            return f"\\{char}"
        if not self.common and char not in _NOT_RE2:
            self.at += 2  # Python refuses what is no escape at all
            return f"\\{char}"
        if char == "x" and re.match(r"[0-9A-Fa-f]{2}", self.text[self.at + 2 :]):
            code = self.text[self.at + 2 : self.at + 4]
            self.at += 4
            return f"\\x{code}"
        if char in "123456789":
            raise self._refuse(f"a backreference, `\\{char}`,")
        if char.isascii() and char.isalnum():
            hint = (
                "write `$`"
                if char in "zZ"
                else "write `\\x41` for a character by its number"
                if char in "0xuUN"
                else ""
            )
            raise self._refuse(f"`\\{char}`", hint)
        self.at += 2
        return _literally(char)

    def _set(self) -> str:
        """Read a set. Its members are escaped so that both dialects read them alike."""
        start = self.at
        self.at += 1
        out = ["["]
        if self.text.startswith("^", self.at):
            self.at += 1
            out.append("^")
        first = True
        while self.at < len(self.text) and (first or self.text[self.at] != "]"):
            out.append(self._member())
            first = False
        if self.at >= len(self.text):
            raise LayoutError(f"the set that begins at character {start + 1} does not end", "close it with `]`")
        self.at += 1
        return "".join([*out, "]"])

    def _member(self) -> str:
        char = self.text[self.at]
        if not self.common and char != "\\":
            self.at += 1
            return char
        if self.text.startswith(("[:", "[.", "[="), self.at):
            raise self._refuse("a named set, `[:...:]`,", "write its members, like A-Za-z")
        if self.text.startswith("--", self.at):
            raise self._refuse("`--` in a set", "write `\\-` for a dash")
        if char == "\\":
            if self.common and self.text[self.at + 1 : self.at + 2] in _PLACES:
                raise self._refuse(f"`\\{self.text[self.at + 1]}` in a set")
            return self._escape()
        self.at += 1
        return f"\\{char}" if char in "[]&~|" else char

    def _open(self) -> str:
        if not self.text.startswith("(?", self.at):
            self.at += 1
            self.groups.append(_OpenGroup())
            return "(?:"
        for begin, what in sorted(_REFUSED.items(), key=lambda item: -len(item[0])):
            if self.text.startswith(begin, self.at):
                raise self._refuse(f"{what}, `{begin}`,")
        if named := _NAMED.match(self.text, self.at):
            begun = self.name_group(named["name"])
            self.at = named.end()
        elif self.text.startswith("(?:", self.at):
            begun, self.at = "(?:", self.at + 3
        elif flags := (_FLAGS if self.common else _RE2_FLAGS).match(self.text, self.at):
            return self._flags(flags[0])
        else:
            raise self._refuse(f"`{self.text[self.at : self.at + 4]}`")
        self.groups.append(_OpenGroup())
        return begun

    def _flags(self, flags: str) -> str:
        if flags.endswith(")"):
            if self.at:
                raise self._refuse(f"`{flags}`", "put it at the beginning")
            self.flags = flags[:-1]
        else:
            self.groups.append(_OpenGroup())
        self.at += len(flags)
        return flags

    def _close(self) -> str:
        if len(self.groups) == 1:
            raise LayoutError(f"the `)` at character {self.at + 1} closes nothing", "write `\\)` for the character")
        self.at += 1
        self.last = self.groups.pop()
        self._count(self.last)
        return ")"

    def _quantifier(self) -> str:
        """Read a quantifier; empty where `{` is a plain character."""
        count = _COUNT.match(self.text, self.at)
        written = count[0] if count else self.text[self.at]
        if written == "{":
            if self.common and re.match(r"\{,\d+\}", self.text[self.at :]):
                raise self._refuse("a repetition without its lower bound", "write `{0,` for none")
            return ""
        if count:
            self._repeat(max(int(count["low"]), int(count["high"] or 0)), written)
        self.at += len(written)
        lazy = self.text[self.at : self.at + 1]
        if lazy in {"+", "*", "{"} and (lazy != "{" or _COUNT.match(self.text, self.at)):
            what = (
                f"a possessive repetition, `{written}+`,"
                if lazy == "+"
                else f"a repetition of a repetition, `{written}{lazy}`,"
            )
            raise self._refuse(what)
        self.at += lazy == "?"
        return written + ("?" if lazy == "?" else "")

    def _repeat(self, times: int, written: str) -> None:
        repeats = self.last.repeats * max(times, 1)
        if repeats > _MOST_REPEATS:
            raise LayoutError(f"`{written}` repeats more than {_MOST_REPEATS} times", "repeat less, or use `*`")
        self._count(_OpenGroup(self.last.size * max(times - 1, 0), repeats))


def _literally(char: str) -> str:
    """An escaped character: with a backslash if both dialects accept one; never like the beginning of a group."""
    if char == "(":
        return "[(]"
    return f"\\{char}" if char.isascii() and char.isprintable() and char not in "_ " else char


@functools.lru_cache(maxsize=256)
def compile_expression(text: str) -> TextLayout:
    """The layout of an expression whose groups are named after fields; it matches from the beginning of a line.

    Raises:
        LayoutError: RE2 or Python does not read it, or no request could be read with it.
    """
    names: list[str] = []
    form = common_form(text, lambda name: _named_group(name, names))
    if not text.isprintable() and "\n" in text:
        raise LayoutError("the expression contains a line end, and no line does", "write it on one line, or with `>-`")
    pattern = f"{form.flags})^(?:{form.body})" if form.flags else f"^(?:{form.body})"
    require(frozenset(names), "the expression", "a group `(?P<{0}>...)`")
    return TextLayout(pattern, tuple(names))


def _named_group(name: str, names: list[str]) -> str:
    """The beginning of a group with that name, whose field is appended to `names`."""
    field = ALIASES.get(name, name)
    if name in IGNORED:
        return "(?:"
    if field not in NAMES:
        raise LayoutError(f"{name} is not a field", suggest(name, NAMES | set(ALIASES)))
    if field in names:
        raise LayoutError(f"there are two groups for {field}", "keep one")
    names.append(field)
    return f"(?P<{field}>"
