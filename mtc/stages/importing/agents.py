"""The table `agents`: each distinct user agent among the lines that may be hits, decided once."""

from collections.abc import Sequence

import duckdb

from mtc.formats.agents import classify

_DISTINCT = "SELECT DISTINCT coalesce(user_agent, '') FROM lines WHERE reason IS NULL"
_AGENTS = """
CREATE OR REPLACE TEMP TABLE agents (
    user_agent VARCHAR, bot BOOLEAN, excluded BOOLEAN,
    browser VARCHAR, browser_version VARCHAR, os VARCHAR, device VARCHAR
)
"""
_FILL = f"INSERT INTO agents SELECT {', '.join(['unnest(?)'] * 7)}"

JOIN_AGENTS = "LEFT JOIN agents ON coalesce(l.user_agent, '') = agents.user_agent"
"""SQL that gives the lines `l` their agent."""


def fill_agents(connection: duckdb.DuckDBPyConnection, excluded: Sequence[str]) -> None:
    """Fill the table `agents`. An agent that contains one of the `excluded` texts, whatever the case, is marked."""
    texts = [text for (text,) in connection.execute(_DISTINCT).fetchall()]
    connection.execute(_AGENTS)
    if not texts:
        return
    agents = classify(texts)
    marks = [mark.lower() for mark in excluded]
    connection.execute(
        _FILL,
        [
            texts,
            [agent.bot for agent in agents],
            [any(mark in text.lower() for mark in marks) for text in texts],
            [agent.browser for agent in agents],
            [agent.version or None for agent in agents],
            [agent.os for agent in agents],
            [agent.device for agent in agents],
        ],
    )
