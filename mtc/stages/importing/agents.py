"""The table `agents`: each distinct user agent among the lines that may be hits, decided once."""

import duckdb

from mtc.formats.agents import classify
from mtc.formats.filters import agent_excluded
from mtc.manifest.models import Filters

_DISTINCT = "SELECT DISTINCT coalesce(user_agent, '') FROM lines WHERE reason IS NULL"
_AGENTS = """
CREATE OR REPLACE TEMP TABLE agents (
    user_agent VARCHAR, bot BOOLEAN, excluded BOOLEAN,
    browser VARCHAR, browser_version VARCHAR, os VARCHAR, device VARCHAR
)
"""
_FILL = """
INSERT INTO agents SELECT user_agent, bot, {excluded}, browser, browser_version, os, device
FROM (
    SELECT unnest(?) AS user_agent, unnest(?) AS bot, unnest(?) AS browser, unnest(?) AS browser_version,
        unnest(?) AS os, unnest(?) AS device
)
"""

JOIN_AGENTS = "LEFT JOIN agents ON coalesce(l.user_agent, '') = agents.user_agent"
"""SQL that gives the lines `l` their agent."""


def fill_agents(connection: duckdb.DuckDBPyConnection, filters: Filters) -> None:
    """Fill the table `agents`. An agent that the filters name is marked."""
    texts = [text for (text,) in connection.execute(_DISTINCT).fetchall()]
    connection.execute(_AGENTS)
    if not texts:
        return
    agents = classify(texts)
    connection.execute(
        _FILL.format(excluded=agent_excluded(filters)),
        [
            texts,
            [agent.bot for agent in agents],
            [agent.browser for agent in agents],
            [agent.version or None for agent in agents],
            [agent.os for agent in agents],
            [agent.device for agent in agents],
        ],
    )
