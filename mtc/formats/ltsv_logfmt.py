r"""LTSV (`name:value`, between tabs) and logfmt (`name=value`, between blanks): the shape `Pairs`, and its formats.

The order of the names is free. In practice a file has one order: a format that is bound to a file knows the order of
its first lines and looks values up by position; a line in another order is searched by name. A quoted value of logfmt
has the escapes of JSON.

Sources: ltsv.org, "Labels for Web server's Log", by which `host` is the client; where Apache's or nginx's own names
give the client, `host` is the virtual host. logfmt fixes no names: those of common servers and frameworks are read, and
of Heroku's router, whose time precedes the pairs ("HTTP Routing", Heroku Dev Center).
"""

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from mtc.core.sql import literal
from mtc.formats.model import ANY_EPOCH, CLF_TIME, Format, Time, WholeLines
from mtc.formats.sql import CUT, address, host_name, http_version, marked_outside_quotes, milliseconds, unbracketed

Labels = tuple[tuple[str, tuple[str, ...]], ...]

# A match begins only where a word can: a line without a sign would otherwise be scanned once per character.
_WORD = re.compile(r'(?<![^\s="])[^\s="]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)')
_WORDS = literal(r'[^\s="]+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)')
_NOTHING = (None, "", "-")
# A time before the pairs, as one word.
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d|\[?\d\d/[A-Z][a-z]{2}/\d{4}:|\d{10,19}(?:\.\d+)? ", re.ASCII)

_TAB = "\t"
_SLACK = 8
_FEWEST_PIECES = 24

LEAD = "lead"
"""The name under which the line's first word is available."""


@dataclass(frozen=True)
class Pairs(WholeLines):
    """A shape of pairs. `labels` maps each name to its labels in the line, the preferred first.

    A line is a request if it has a text for one of the names in each group of `needed` (in SQL: `has_all_needed`).
    `order` is the order of a file's labels. `lead` is the line's first word, which may be a time that a log
    shipper adds: where it is needed, a line of a sample must begin with a time.
    """

    syntax: Literal["ltsv", "logfmt"]
    labels: Labels
    needed: tuple[tuple[str, ...], ...]
    order: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that have labels."""
        return tuple(name for name, _ in self.labels)

    @property
    def _sign(self) -> str:
        return ":" if self.syntax == "ltsv" else "="

    @cached_property
    def _positions(self) -> Mapping[str, int]:
        """The position of each label in the file's order, from 1; of a repeated label the first counts."""
        return {label: at for at, label in reversed(list(enumerate(self.order, start=1)))}

    def fits(self, line: str) -> int:
        """How many fields have a value; 0 for a line that is not a request."""
        if line.count(self._sign) < len(self.needed) or (self.syntax == "ltsv" and "\t" not in line):
            return 0  # most lines of other formats, without parsing them
        found = self.read(line)
        given = [name for name, labels in self.labels if any(found.get(label) not in _NOTHING for label in labels)]
        given += [LEAD] if _STAMP.match(line) else []
        return len(given) if all(any(name in given for name in group) for group in self.needed) else 0

    def read(self, line: str) -> dict[str, str]:
        """The unquoted pairs of a line; of a repeated label the first counts."""
        return {label: _unquoted(value) for label, value in reversed(self.pairs(line))}

    def pairs(self, line: str) -> list[tuple[str, str]]:
        """The pairs as written; words without a sign are ignored."""
        words = line.split("\t") if self.syntax == "ltsv" else _WORD.findall(line)
        cut = (word.partition(self._sign) for word in words)
        return [(label, value) for label, sign, value in cut if sign]

    @property
    def separator(self) -> str:
        """A tab, where the order of the labels is known."""
        return _TAB if self.order and self.syntax == "ltsv" else ""

    @property
    def pieces(self) -> int:
        """Some more than labels, so that a few further ones do not stop the reader."""
        return max(_FEWEST_PIECES, len(self.order) + _SLACK) if self.separator else 1

    def head(self, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - the words are all fields
        """The words of the line; NULL where the pieces are."""
        if self.syntax == "logfmt":
            escaped = f"array_to_string(regexp_extract_all(c0, {_WORDS}), {CUT})"
            words = f"coalesce(CASE WHEN contains(c0, '\\') THEN {escaped} END, {marked_outside_quotes('c0', ' ')})"
            return f"string_split({words}, {CUT})"
        if exact or not self.separator:
            return f"string_split(c0, {literal(_TAB)})"
        pieces = [f"c{number}" for number in range(self.pieces)]
        line = f"concat_ws({literal(_TAB)}, {', '.join(pieces)})"
        ended = f"{pieces[len(self.order)]} IS NULL"
        return (
            f"CASE WHEN {ended} AND {self._labelled(pieces)} THEN NULL ELSE string_split({line}, {literal(_TAB)}) END"
        )

    def fields(self, line: str, names: Collection[str], *, exact: bool) -> str:  # noqa: ARG002 - the head has the words
        """The text of the first label present for each name, by position or by label."""
        words = [f"head[{at}]" for at in range(1, len(self.order) + 1)]
        found = self._struct(self._found, "head[1]", names)
        searched = f"list_transform([{self._split_pairs()}], lambda line: {found})[1]"
        if not self.order:
            return searched
        if self.separator and not exact:
            pieces = [f"c{number}" for number in range(len(self.order))]
            return f"CASE WHEN head IS NULL THEN {self._placed(pieces, names)} ELSE {searched} END"
        sure = f"len(head) = {len(self.order)} AND {self._labelled(words)}"
        return f"CASE WHEN {sure} THEN {self._placed(words, names)} ELSE {searched} END"

    def _labelled(self, words: Sequence[str]) -> str:
        """SQL: whether the labels of these words are those of the file, in order."""
        begun = (
            f"starts_with({word}, {literal(label + self._sign)})"
            for word, label in zip(words, self.order, strict=False)
        )
        return " AND ".join(begun)

    def _struct(self, value: Callable[[Sequence[str]], str], lead: str, names: Collection[str]) -> str:
        texts = {name: value(labels) for name, labels in self.labels if name in names} | {LEAD: lead}
        return f"{{{', '.join(f'{literal(name)}: {text}' for name, text in texts.items())}}}"

    def _placed(self, words: Sequence[str], names: Collection[str]) -> str:
        """SQL: the fields of a line whose words are in the file's order."""

        def value(labels: Sequence[str]) -> str:
            label = next((label for label in labels if label in self._positions), None)
            place = None if label is None else words[self._positions[label] - 1]
            return "NULL::VARCHAR" if label is None or place is None else self._value(place, str(len(label) + 2))

        return self._struct(value, words[0], names)

    def _found(self, labels: Sequence[str]) -> str:
        """SQL: the value of the first of these labels in a line that was split into labels and texts."""
        positions = ", ".join(f"list_position(line.labels, {literal(label)})" for label in labels)
        return f"line.texts[coalesce({positions})]"

    def _split_pairs(self) -> str:
        """SQL: the labels and the values of all words."""
        sign = f"instr(word, {literal(self._sign)})"
        labels = f"list_transform(head, lambda word: left(word, {sign} - 1))"
        texts = f"list_transform(head, lambda word: {self._value('word', f'{sign} + 1')})"
        return f"{{'labels': {labels}, 'texts': {texts}}}"

    def _value(self, word: str, start: str) -> str:
        """SQL: the text of a word from index `start` on, without its quotes."""
        text = f"substr({word}, {start})"
        if self.syntax == "ltsv":
            return text
        escaped = f"CASE WHEN json_valid({text}) THEN json_extract_string({text}, '$') ELSE {text} END"
        plain = f"CASE WHEN contains({word}, '\\') THEN {escaped} ELSE replace({text}, '\"', '') END"
        return f"CASE WHEN contains({word}, '\"') THEN {plain} ELSE {text} END"


def has_all_needed(*needed: Sequence[str]) -> str:
    """SQL over `z`: whether one of the names in each group has a text."""
    return " AND ".join(f"coalesce({', '.join(f'z.{name}' for name in group)}, '') <> ''" for group in needed)


def label_order(shape: Pairs, sample: Sequence[str]) -> tuple[str, ...]:
    """The order of labels in the first line of a sample that is a request; empty if none is."""
    first = next((line for line in sample if shape.fits(line)), None)
    return () if first is None else tuple(label for label, _ in shape.pairs(first))


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text.strip('"')


_TIME = Time((CLF_TIME,), epoch=ANY_EPOCH, iso=True)
_LTSV_NEEDED = (("ip", "named"), ("time",), ("request", "target"))
_LOGFMT_NEEDED = (("ip",), ("method", "request"), ("request", "target"), ("stamp", LEAD))


def _labels(**fields: str) -> Labels:
    return tuple((name, tuple(labels.split())) for name, labels in fields.items())


def _duration(**units: float) -> tuple[str, str]:
    """The derived field `time_taken` in milliseconds, from names with their units in milliseconds."""
    found = ", ".join(milliseconds(f"z.{name}", unit=unit) for name, unit in units.items())
    return "time_taken", f"coalesce({found})"


LTSV = Format(
    name="ltsv",
    title="LTSV, labels of ltsv.org or those of Apache and nginx",
    shape=Pairs(
        "ltsv",
        _labels(
            ip="remote_addr remote_host remote_ip client_ip clientip",
            forwarded_for="forwardedfor forwarded_for x_forwarded_for http_x_forwarded_for xff",
            real_ip="x_real_ip http_x_real_ip real_ip cf_connecting_ip true_client_ip",
            named="host",
            host="vhost http_host server_name",
            user="user remote_user",
            time="time datetime time_local time_iso8601 timestamp msec",
            request="req request",
            method="method request_method",
            target="uri request_uri path",
            protocol="protocol server_protocol",
            status="status",
            bytes="size body_bytes_sent bytes_sent bytes",
            referrer="referer http_referer referrer",
            user_agent="ua user_agent http_user_agent",
            micros="reqtime_microsec",
            seconds="reqtime request_time",
            application="apptime",
        ),
        needed=_LTSV_NEEDED,
    ),
    time=_TIME,
    per_millisecond=1,
    derive=(
        ("ip", f"CASE WHEN {has_all_needed(*_LTSV_NEEDED)} THEN {address('coalesce(z.ip, z.named)')} END"),
        ("host", host_name("coalesce(z.host, CASE WHEN z.ip IS NOT NULL THEN z.named END)")),
        ("time", unbracketed("z.time")),
        _duration(micros=0.001, seconds=1000, application=1000),
    ),
    other=r"regexp_matches({line}, '(?:^|\t)(?:level|lvl|severity|msg|message):')",
)

_ADDRESSES = "remote_addr remote_ip client_ip clientip client_addr client ip remote remote_host peer fwd"

LOGFMT = Format(
    name="logfmt",
    title="logfmt, with the names of common servers and of Heroku's router",
    shape=Pairs(
        "logfmt",
        _labels(
            ip=_ADDRESSES,
            forwarded_for="forwarded_for x_forwarded_for http_x_forwarded_for xff fwd forwarded",
            real_ip="real_ip x_real_ip http_x_real_ip cf_connecting_ip true_client_ip",
            host="host vhost hostname http_host server_name",
            user="user username remote_user userid",
            stamp="time ts t timestamp datetime date @timestamp",
            request="request req",
            method="method request_method http_method",
            target="path uri url request_uri target",
            protocol="proto protocol http_version server_protocol",
            status="status status_code http_status",
            bytes="size bytes bytes_sent body_bytes_sent length response_size",
            referrer="referer referrer http_referer",
            user_agent="user_agent useragent ua agent http_user_agent",
            millis="duration_ms elapsed_ms time_ms latency_ms took_ms",
            seconds="request_time duration_s elapsed_s",
            with_unit="duration elapsed latency took service",
        ),
        needed=_LOGFMT_NEEDED,
    ),
    time=_TIME,
    per_millisecond=1,
    derive=(
        ("ip", f"CASE WHEN {has_all_needed(*_LOGFMT_NEEDED)} THEN {address('z.ip')} END"),
        ("host", host_name("z.host")),
        ("time", unbracketed("coalesce(z.stamp, z.lead)")),
        ("protocol", http_version("z.protocol")),
        _duration(millis=1, seconds=1000, with_unit=1),
    ),
    other=r"regexp_matches({line}, '(?:^|\s)(?:level|lvl|severity|msg|message)=\S|^[^ ]+ \w+\[[\w.]+\]: ')",
)


def bind_ltsv(sample: Sequence[str]) -> Format:
    """The format LTSV with the order of labels of a sample."""
    return _ordered(LTSV, sample)


def bind_logfmt(sample: Sequence[str]) -> Format:
    """The format logfmt with the order of labels of a sample."""
    return _ordered(LOGFMT, sample)


def _ordered(log_format: Format, sample: Sequence[str]) -> Format:
    return (
        _with_order(log_format, label_order(log_format.shape, sample))
        if isinstance(log_format.shape, Pairs)
        else log_format
    )


@functools.lru_cache(maxsize=256)
def _with_order(log_format: Format, order: tuple[str, ...]) -> Format:
    """Returns the same object for equal orders: log files of the same format are loaded in one bundle."""
    return dataclasses.replace(log_format, shape=dataclasses.replace(cast("Pairs", log_format.shape), order=order))
