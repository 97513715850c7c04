r"""An expression of a user's, checked and rewritten so that RE2 and Python read it alike.

What only one of them knows is refused by name: RE2 has no look-around, no back-references, no possessive and no atomic
groups; Python has no `\p{...}`, `\z` or `[[:alpha:]]`. Groups without a name become plain ones, and an expression
matches from the beginning of a line, as that of Matomo's importer does. Sources: RE2's syntax page, Python's `re`.
"""

import functools
import re
import warnings
from dataclasses import dataclass, field

from mtc.core.suggest import suggest
from mtc.formats.layouts.layout import ALIASES, IGNORED, NAMES, LayoutError, TextLayout, require

_LONGEST = 4000
_MOST_REPEATS = 1000
_LARGEST = 10_000
_COMMON = "expressions are those that RE2 and Python have in common"
_CLASSES = frozenset("dDsSwW")
_PLACES = frozenset("AbB")
_CHARACTERS = frozenset("afnrtv")
_NAMED = re.compile(r"\(\?P?<(?P<name>[A-Za-z_][A-Za-z0-9_]*)>")
_FLAGS = re.compile(r"\(\?[is]+[:)]")
_COUNT = re.compile(r"\{(?P<low>\d+)(?P<comma>,(?P<high>\d*))?\}")
_REFUSED = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<=": "look-behind",
    "(?<!": "look-behind",
    "(?>": "an atomic group",
    "(?(": "a condition",
    "(?#": "a comment",
    "(?P=": "a back-reference",
    "(?P>": "a recursion",
}


@functools.lru_cache(maxsize=256)
def compile_expression(text: str) -> TextLayout:
    """The layout of an expression whose groups are named after fields."""
    if len(text) > _LONGEST:
        raise LayoutError(f"the expression is longer than {_LONGEST} characters", "match less")
    scanner = _Scanner(text)
    body = scanner.run()
    pattern = f"^{body}" if scanner.flagged else f"^(?:{body})"
    if scanner.flagged:
        flags, _, rest = body.partition(")")
        pattern = f"{flags})^(?:{rest})"
    _python_reads(pattern, text)
    names = tuple(scanner.names)
    require(frozenset(names), "the expression", "a group `(?P<{0}>...)`")
    return TextLayout(pattern, names)


def _python_reads(pattern: str, text: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern, re.ASCII | re.DOTALL)
    except (re.error, RecursionError, OverflowError, Warning) as error:
        said = error.msg if isinstance(error, re.error) else str(error)
        raise LayoutError(f"the expression cannot be read: {said}", "look for a bracket or a bar too many") from None
    if not text.isprintable() and "\n" in text:
        raise LayoutError(
            "the expression has a line end in it, which no line has", "write it on one line, or with `>-`"
        )


@dataclass(slots=True)
class _Group:
    """A group that is open: how large what it holds becomes when written out, and how often its pieces repeat."""

    size: int = 0
    repeats: int = 1


@dataclass(slots=True)
class _Scanner:
    """Reads an expression from left to right. `last` is the piece before, which a quantifier repeats."""

    text: str
    at: int = 0
    names: list[str] = field(default_factory=list)
    flagged: bool = False
    frames: list[_Group] = field(default_factory=lambda: [_Group()])
    last: _Group = field(default_factory=_Group)

    def run(self) -> str:
        """The expression in the common form."""
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
        self.last = _Group(1)
        self._count(self.last)
        return written

    def _count(self, piece: _Group) -> None:
        frame = self.frames[-1]
        frame.size += piece.size
        frame.repeats = max(frame.repeats, piece.repeats)
        if frame.size > _LARGEST:
            raise LayoutError("the expression is too large when its repetitions are written out", "repeat less")

    def _refuse(self, what: str, hint: str = _COMMON) -> LayoutError:
        return LayoutError(f"{what} at character {self.at + 1} of the expression is not known here", hint)

    def _escape(self) -> str:
        """One escape. A letter or digit that is not in both dialects is refused."""
        char = self.text[self.at + 1 : self.at + 2]
        if not char:
            raise LayoutError("the expression ends with a backslash", "write `\\\\` for one")
        if char in _CLASSES | _PLACES | _CHARACTERS:
            self.at += 2
            return f"\\{char}"
        if char == "x" and re.match(r"[0-9A-Fa-f]{2}", self.text[self.at + 2 :]):
            code = self.text[self.at + 2 : self.at + 4]
            self.at += 4
            return f"\\x{code}"
        if char in "123456789":
            raise self._refuse(f"a back-reference, `\\{char}`,")
        if char.isascii() and char.isalnum():
            hint = (
                "write `$`"
                if char in "zZ"
                else "write `\\x41` for a character by its number"
                if char in "0xuUN"
                else _COMMON
            )
            raise self._refuse(f"`\\{char}`", hint)
        self.at += 2
        return _literally(char)

    def _set(self) -> str:
        """A set, each of its members written so that neither dialect sees more in it."""
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
        if self.text.startswith(("[:", "[.", "[="), self.at):
            raise self._refuse("a named set, `[:...:]`,", "write its members, like A-Za-z")
        if self.text.startswith("--", self.at):
            raise self._refuse("`--` in a set", "write `\\-` for a dash")
        if char == "\\":
            if self.text[self.at + 1 : self.at + 2] in _PLACES:
                raise self._refuse(f"`\\{self.text[self.at + 1]}` in a set")
            return self._escape()
        self.at += 1
        return f"\\{char}" if char in "[]&~|" else char

    def _open(self) -> str:
        if not self.text.startswith("(?", self.at):
            self.at += 1
            self.frames.append(_Group())
            return "(?:"
        for begin, what in sorted(_REFUSED.items(), key=lambda item: -len(item[0])):
            if self.text.startswith(begin, self.at):
                raise self._refuse(f"{what}, `{begin}`,")
        if named := _NAMED.match(self.text, self.at):
            begun = self._named(named["name"])
            self.at = named.end()
        elif self.text.startswith("(?:", self.at):
            begun, self.at = "(?:", self.at + 3
        elif flags := _FLAGS.match(self.text, self.at):
            return self._flags(flags[0])
        else:
            raise self._refuse(f"`{self.text[self.at : self.at + 4]}`")
        self.frames.append(_Group())
        return begun

    def _flags(self, flags: str) -> str:
        if flags.endswith(")"):
            if self.at:
                raise self._refuse(f"`{flags}`", "put it at the beginning")
            self.flagged = True
        else:
            self.frames.append(_Group())
        self.at += len(flags)
        return flags

    def _named(self, name: str) -> str:
        known = ALIASES.get(name, name)
        if name in IGNORED:
            return "(?:"
        if known not in NAMES:
            raise LayoutError(f"{name} is no field", suggest(name, NAMES | set(ALIASES)))
        if known in self.names:
            raise LayoutError(f"there are two groups for {known}", "keep one")
        self.names.append(known)
        return f"(?P<{known}>"

    def _close(self) -> str:
        if len(self.frames) == 1:
            raise LayoutError(f"the `)` at character {self.at + 1} closes nothing", "write `\\)` for the character")
        self.at += 1
        self.last = self.frames.pop()
        self._count(self.last)
        return ")"

    def _quantifier(self) -> str:
        """A quantifier, or nothing where `{` is only a character."""
        count = _COUNT.match(self.text, self.at)
        written = count[0] if count else self.text[self.at]
        if written == "{":
            if re.match(r"\{,\d+\}", self.text[self.at :]):
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
        self._count(_Group(self.last.size * max(times - 1, 0), repeats))


def _literally(char: str) -> str:
    """A character that was escaped: with its backslash where both dialects take one, and never like a group's begin."""
    if char == "(":
        return "[(]"
    return f"\\{char}" if char.isascii() and char.isprintable() and char not in "_ " else char
