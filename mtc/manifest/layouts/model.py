"""What a layout is: an expression or paths whose names are fields, and how its time reads."""

from dataclasses import dataclass

# What a name stands for. A time taken is named after its unit, so that the unit is never guessed.
NAMES: frozenset[str] = frozenset(
    {
        *("host", "ip", "user", "time", "date", "clock", "zone", "request", "method", "target", "path", "query"),
        *("protocol", "status", "bytes", "referrer", "user_agent"),
        *("time_taken", "time_s", "time_ms", "time_us", "time_ns", "forwarded_for", "real_ip"),
    }
)

# Other names for the same, those of Matomo's importer among them.
ALIASES: dict[str, str] = {
    "userid": "user",
    "length": "bytes",
    "query_string": "query",
    "timezone": "zone",
    "referer": "referrer",
    "x_forwarded_for": "forwarded_for",
    "x_real_ip": "real_ip",
    "generation_time_secs": "time_s",
    "generation_time_milli": "time_ms",
    "generation_time_micro": "time_us",
}

# Names of the importer for what mtc does not keep.
IGNORED: frozenset[str] = frozenset({"event_category", "event_action", "event_name", "session_time"})


# What may hold the client's address, the one that says it best first.
ADDRESSES = ("ip", "real_ip", "forwarded_for")


class LayoutError(ValueError):
    """What is wrong with a layout, and what to do about it."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Clock:
    """How the time reads: the groups that, joined by `joint`, are its text, and what that text is.

    `formats` are strptime formats; with `epoch`, the text is a number of so many a second. With neither it may be in
    any of the usual forms.
    """

    groups: tuple[str, ...] = ("time",)
    joint: str = " "
    formats: tuple[str, ...] = ()
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class TextLayout:
    """An expression over a whole line whose groups are named after fields, or are those of its clock."""

    pattern: str
    names: tuple[str, ...]
    clock: Clock = Clock()


@dataclass(frozen=True, slots=True)
class JsonLayout:
    """Where in an object each field is: keys and indices."""

    paths: tuple[tuple[str, tuple[str | int, ...]], ...]
    clock: Clock = Clock()

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that have a path."""
        return tuple(name for name, _ in self.paths)


Layout = TextLayout | JsonLayout


def require(names: frozenset[str], what: str, how: str) -> None:
    """Refuse a layout from which no request could be read. `how` shows how a field is written."""
    for wanted in (("ip",), ("time", "date"), ("path", "request", "target")):
        if names.isdisjoint(wanted if wanted != ("ip",) else ADDRESSES):
            lacking = f"none of {', '.join(wanted[:-1])} and {wanted[-1]}" if len(wanted) > 1 else f"no {wanted[0]}"
            raise LayoutError(f"{what} has {lacking}", f"add {how.format(wanted[0])}")
