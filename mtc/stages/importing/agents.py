"""The table `agents`: each distinct user agent among the lines that may be hits, decided once and then known."""

import duckdb

from mtc.formats.agents import Agent, classify
from mtc.formats.filters import agent_excluded
from mtc.manifest.models import Filters
from mtc.stages.importing.known_agents import KNOWN_COLUMNS, KnownAgents

_WANTED = """
CREATE OR REPLACE TEMP TABLE wanted_agents AS
SELECT DISTINCT coalesce(user_agent, '') AS user_agent FROM lines WHERE reason IS NULL
"""
_COLUMNS = ", ".join(f"{name} {kind}" for name, kind in KNOWN_COLUMNS)
_UNKNOWN = "SELECT user_agent FROM wanted_agents ANTI JOIN known_agents USING (user_agent)"
_FILL = f"INSERT INTO new_agents SELECT {', '.join('unnest(?)' for _ in KNOWN_COLUMNS)}"
_PIECE = 20_000

JOIN_AGENTS = "LEFT JOIN agents ON coalesce(l.user_agent, '') = agents.user_agent"
"""SQL that gives the lines `l` their agent."""


def fill_agents(connection: duckdb.DuckDBPyConnection, filters: Filters, known: KnownAgents | None = None) -> None:
    """Fill the table `agents`, a row a text. An agent that the filters name is marked. New ones become `known`."""
    connection.execute(_WANTED)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE known_agents ({_COLUMNS})")
    if known:
        known.find(connection, "wanted_agents", "known_agents")
    texts = [text for (text,) in connection.execute(_UNKNOWN).fetchall()]
    for first in range(0, len(texts), _PIECE):
        _decide(connection, texts[first : first + _PIECE], known)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE agents AS SELECT *, {agent_excluded(filters)} AS excluded FROM known_agents"  # noqa: S608 - made of this package's own pieces
    )


def _decide(connection: duckdb.DuckDBPyConnection, texts: list[str], known: KnownAgents | None) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE new_agents ({_COLUMNS})")
    connection.execute(_FILL, _columns(texts, classify(texts)))
    connection.execute("INSERT INTO known_agents FROM new_agents")
    if known:
        known.keep(connection, "new_agents")


def _columns(texts: list[str], agents: list[Agent]) -> list[list[object]]:
    """The values of `KNOWN_COLUMNS`, a list a column."""
    return [
        [*texts],
        [agent.bot for agent in agents],
        [agent.browser for agent in agents],
        [agent.version or None for agent in agents],
        [agent.os for agent in agents],
        [agent.device for agent in agents],
        [agent.robot or None for agent in agents],
        [agent.kind or None for agent in agents],
    ]
