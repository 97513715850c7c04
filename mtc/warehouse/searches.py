"""Searches within the site: which hits are one, and what was searched for. As Matomo tells it by a hit's address.

The first of the site's parameters that has a value names what was searched for; a `0` is none, as PHP has it. Names of
parameters count in any case, and as they are written: `%71` is no `q`. Of one that is given twice the last value
counts, but of a list (`q[]=a&q[]=b`) the first. A value that is blank once it is decoded makes no search of the hit;
one that is no UTF-8 stays encoded. A download is never a search. (Matomo's `ActionSiteSearch` and
`UrlHelper::getArrayFromQueryString`.)
"""

import re
from typing import TYPE_CHECKING

from mtc.warehouse.tables import LABEL_LENGTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

BLANKS = " \t\n\r\x00\x0b"
"""What PHP's `trim` takes off."""

# Queries are taken apart once, however many hits have them. `turn` is the place of a pair in its query, `own` that of
# its parameter in the site's list, `spelled` its name as it is written.
PAIRS = """
CREATE OR REPLACE TEMP TABLE query_pair AS
SELECT
    query,
    turn,
    spelled,
    list_position($parameters, lower(spelled)) AS own,
    listed,
    CASE WHEN contains(pair, '=') THEN substr(pair, strpos(pair, '=') + 1) ELSE '' END AS value
FROM (
    SELECT
        query, turn, pair,
        regexp_matches(split_part(pair, '=', 1), '(?i)(\\[|%5b)(\\]|%5d)$') AS listed,
        regexp_replace(split_part(pair, '=', 1), '(?i)(\\[|%5b)(\\]|%5d)$', '') AS spelled
    FROM (
        SELECT query, unnest(pairs) AS pair, generate_subscripts(pairs, 1) AS turn
        FROM (
            SELECT query, string_split(replace(query, '#', '&'), '&') AS pairs
            FROM (SELECT DISTINCT query FROM hit WHERE NOT download AND query IS NOT NULL)
        )
    )
)
WHERE list_contains($parameters, lower(spelled))
"""

# Values of a list behind the last plain one are what counts, where there are any. `Q` and `q` are two parameters until
# each has its value; the one that came first is then forgotten.
SEARCHED = """
CREATE OR REPLACE TEMP TABLE searched AS
WITH last_plain AS (
    SELECT query, spelled, coalesce(max(turn) FILTER (NOT listed), 0) AS turn FROM query_pair GROUP BY query, spelled
),
spelling AS (
    SELECT
        query,
        own,
        min(query_pair.turn) AS turn,
        bool_or(query_pair.turn > last_plain.turn) AS listed,
        min_by(value, query_pair.turn) FILTER (query_pair.turn = last_plain.turn) AS plain,
        min_by(value, query_pair.turn) FILTER (query_pair.turn > last_plain.turn) AS first
    FROM query_pair
    JOIN last_plain USING (query, spelled)
    GROUP BY query, own, spelled
),
given AS (
    SELECT
        query,
        own,
        max_by(listed, turn) AS listed,
        max_by(CASE WHEN listed THEN first ELSE plain END, turn) AS value
    FROM spelling
    GROUP BY query, own
),
chosen AS (
    SELECT query, min_by(value, own) AS raw FROM given WHERE listed OR value NOT IN ('', '0') GROUP BY query
),
told AS (
    SELECT
        query,
        left(regexp_replace(
            trim(coalesce(try(url_decode(replace(raw, '+', ' '))), {encoded}), $blanks), '[\\r\\n\\x00]', '', 'g'
        ), $length) AS keyword
    FROM chosen
)
SELECT hit.rowid AS hit, told.keyword
FROM hit
JOIN told USING (query)
WHERE NOT hit.download AND told.keyword NOT IN ('', '0')
"""

# Bytes that are no UTF-8 stay written out, as PHP's `urlencode` writes them.
ENCODED = """array_to_string(list_transform(
                string_split(replace(raw, '%20', '+'), '%'),
                lambda piece, place: CASE
                    WHEN place > 1 AND regexp_matches(piece, '^[0-9A-Fa-f]{2}')
                        THEN upper(left(piece, 2)) || substr(piece, 3)
                    ELSE piece
                END
            ), '%')"""


def candidates(parameters: "Sequence[str]") -> str | None:
    """An expression for queries that may hold a search; None without parameters."""
    names = "|".join(re.escape(name) for name in parameters)
    return rf"(?i)(^|[&#])({names})((\[|%5b)(\]|%5d))?(=|&|#|$)" if names else None


def tell_searches(connection: "DuckDBPyConnection", parameters: "Sequence[str]") -> None:
    """Make table `searched` of `hit`, a row for each hit that is a search. The first of `parameters` goes first.

    `hit` has the queries of candidates alone, NULL for others.
    """
    connection.execute(PAIRS, {"parameters": [name.lower() for name in parameters]})
    connection.execute(SEARCHED.format(encoded=ENCODED), {"blanks": BLANKS, "length": LABEL_LENGTH})
    connection.execute("DROP TABLE query_pair")
