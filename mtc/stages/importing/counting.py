"""Where every line of a bundle has gone: counted under one heading each, and checked to add up."""

import duckdb

from mtc.errors import PermanentError
from mtc.formats.filters import agent_reason
from mtc.manifest.models import Filters
from mtc.model import Accounting
from mtc.stages.importing.agents import JOIN_AGENTS
from mtc.stages.importing.bundle import Bundle, Segment
from mtc.stages.importing.owners import owned_lines

_Counts = list[tuple[str | None, bool, int]]


def count_lines(connection: duckdb.DuckDBPyConnection, bundle: Bundle, filters: Filters) -> list[Accounting]:
    """The account of each segment's lines, in the order of the segments."""
    counts: dict[int, _Counts] = {}
    for number, why, rejected, lines in connection.execute(_query(bundle, filters)).fetchall():
        counts.setdefault(number, []).append((why, rejected, lines))
    return [_account(segment, counts.get(number, [])) for number, segment in enumerate(bundle.segments)]


def _query(bundle: Bundle, filters: Filters) -> str:
    return f"""
SELECT number, coalesce(reason, {agent_reason(filters)}) AS why, rejected, count(*)
FROM {owned_lines(bundle)} {JOIN_AGENTS}
GROUP BY ALL
ORDER BY ALL
"""  # noqa: S608 - made of this package's own pieces


def _account(segment: Segment, counts: _Counts) -> Accounting:
    account = Accounting(
        lines=segment.lines,
        hits=sum(lines for why, _, lines in counts if why is None),
        filtered={why: lines for why, rejected, lines in counts if why is not None and not rejected},
        rejected={why: lines for why, rejected, lines in counts if why is not None and rejected},
    )
    if not account.balanced:
        raise PermanentError("the lines do not add up", where=segment.object.key, hint="please report this")
    return account
