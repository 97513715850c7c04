"""How the native reader reads a format for a site: its settings, and SQL for what the database does with its hits.

The reader applies the filters that come first, as far as it knows them: errors, redirects, static files. The database
applies the others, and the hit rules. Nothing is decided here that `line_sql` would decide differently.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mtc.core.sql import literal
from mtc.formats import client_address, filters, sql
from mtc.formats.filters import Rule
from mtc.formats.line_sql import FIELDS_KEPT, HOST_NAME, Reading, quoted
from mtc.formats.native.library import FILTERED, PlainSettings, why_not
from mtc.formats.plain_lines import QUERY_DELIMITER, PlainReading, plain_reading

_LONGEST_WORD, _MOST_WORDS = 8, 400
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class NativeReading:
    """How plain lines are read: by the reader with `settings`, whose `hits` the database filters by `rules`."""

    plain: PlainReading
    settings: PlainSettings
    rules: Sequence[Rule]

    def hits(self, table: str) -> str:
        """SQL over the reader's hits: n, agent (a code), download, and the columns of `line_sql` but the user agent."""
        changed = filters.rewritten(self.reading.hits)
        names = [name for name in FIELDS_KEPT if name != "user_agent"]
        columns = ", ".join(f"{changed.get(name, quoted(name))} AS {quoted(name)}" for name in names)
        kept = f"WHERE ({self._reason}) IS NULL" if self.rules else ""
        return f"(SELECT n, agent, {columns}, {self._download} AS download FROM {self._named(table)} {kept})"  # noqa: S608 - made of this package's own pieces and quoted literals

    def reasons(self, table: str) -> str:
        """SQL: n and reason of the reader's hits that are filtered; empty if it has applied all filters."""
        if not self.rules:
            return ""
        reason = f"SELECT n, {self._reason} AS reason FROM {self._named(table)}"  # noqa: S608 - as above
        return f"SELECT n, reason, false AS rejected FROM ({reason}) WHERE reason IS NOT NULL"  # noqa: S608 - as above

    @property
    def reading(self) -> Reading:
        """How lines of the format are read."""
        return self.plain.reading

    @property
    def _reason(self) -> str:
        return f"CASE {' '.join(f'WHEN {condition} THEN {literal(name)}' for condition, name in self.rules)} END"

    @property
    def _download(self) -> str:
        """SQL: whether a hit is a download. The reader has not decided it if an extension is not a plain word."""
        reading = self.reading
        return "download = 1" if self.settings.downloads else filters.download(reading.filters, reading.hits)

    def _named(self, table: str) -> str:
        """SQL: the reader's hits with the names and types of `line_sql`."""
        hits, needs = self.reading.hits, filters.filters_by_address(self.reading.filters)
        packed = f", {client_address.PACKED}" if needs or filters.anonymises_addresses(hits) else ""
        given = f"SELECT * REPLACE ({self._host} AS host), {self._time_taken} AS time_ms FROM {table}"  # noqa: S608 - as above
        return f"(SELECT * REPLACE ({HOST_NAME} AS host){packed} FROM ({given}))"  # noqa: S608 - as above

    @property
    def _host(self) -> str:
        extra = dict(self.plain.fast.fields).get("host")
        return "host" if self.settings.host is not None else extra or "NULL::VARCHAR"

    @property
    def _time_taken(self) -> str:
        return sql.duration(dict(self.plain.fast.fields).get("time_taken"), self.reading.format)


def native_reading(reading: Reading) -> NativeReading | None:
    """How the native reader reads plain lines; None if it was not built, or cannot read the format."""
    plain = None if why_not() else plain_reading(reading)
    line = plain.fast.plain if plain else None
    if plain is None or line is None or line.ending is None or reading.hits.query_delimiter != QUERY_DELIMITER:
        return None
    rules = filters.rules(reading.filters, reading.hits, reading.site_zone)
    first = next((number for number, (_, name) in enumerate(rules) if name not in FILTERED), len(rules))
    applied = {name for _, name in rules[:first]}
    downloads = filters.downloads_of(reading.hits)
    settings = PlainSettings(
        line.ending,
        line.words.index("host") if "host" in line.words else None,
        frozenset(FILTERED) - applied,
        reading.shift * _MICROSECONDS,
        filters.STATIC_EXTENSIONS,
        downloads if len(downloads) <= _MOST_WORDS and all(map(_is_word, downloads)) else (),
    )
    return NativeReading(plain, settings, rules[first:])


def _is_word(extension: str) -> bool:
    return extension.isascii() and extension.isalnum() and len(extension) <= _LONGEST_WORD
