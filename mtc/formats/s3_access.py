r"""Amazon S3's server access logs.

Source: Amazon S3 User Guide, 'Amazon S3 server access log format'. The bucket is the host, the requester the user, the
total time is in milliseconds, and the path is that of the request as logged. Fields were added at the end over the
years. Batch, lifecycle and copy operations have `-` for a request and are none.
"""

from mtc.formats.base import Format
from mtc.formats.expressions import QUOTED, WHOM, last, uncut
from mtc.formats.pattern import FastPath, Pattern

_HEAD = r'^\S+ (?P<host>\S+) \[(?P<time>[^\]]+)\] (?P<ip>[^\s"]+) (?P<user>[^\s"]+) \S+ \S+ [^\s"]+ '
_SURE = (
    rf"{last(6)} AND c4 = ' ' AND {uncut('c1', 'c3', 'c5')}"
    r" AND regexp_full_match(c2, ' \d{3} \S+ \S+ \S+ \S+ \S+ ')"
)

S3 = Format(
    name="s3",
    title="Amazon S3 server access log",
    shape=Pattern(
        rf'{_HEAD}"(?P<request>{QUOTED})" (?P<status>\d{{3}}) \S+ (?P<bytes>\S+) \S+ (?P<time_taken>\S+) \S+'
        rf"{WHOM}(?:\s.*)?$",
        FastPath(
            f"{_HEAD}$",
            _SURE,
            (
                ("request", "c1"),
                ("status", "split_part(c2, ' ', 2)"),
                ("bytes", "split_part(c2, ' ', 4)"),
                ("time_taken", "split_part(c2, ' ', 6)"),
                ("referrer", "c3"),
                ("user_agent", "c5"),
            ),
        ),
    ),
    taken=1,
    other=r"regexp_matches({line}, '^\S+ \S+ \[[^\]]+\] \S+ \S+ \S+ (?:(?:BATCH|S3)\.\S+|REST\.COPY\.\S+_GET) ')",
)
