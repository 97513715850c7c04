"""The hits of a bundle, written to a part for each of the site's days."""

from pathlib import Path

import duckdb

from mtc.files import sha256
from mtc.formats.filters import agent_reason
from mtc.manifest.project import SiteSettings
from mtc.model import Part
from mtc.stages.importing.agents import JOIN_AGENTS
from mtc.stages.importing.bundle import Bundle
from mtc.stages.importing.days import Span, spans
from mtc.stages.importing.owners import owned_lines
from mtc.stages.importing.staging import Staging
from mtc.warehouse.columns import COLUMNS
from mtc.warehouse.parts import part_file
from mtc.warehouse.quoting import literal

# Where a column of a part comes from, if not from the column of `lines` that has its name.
_ORIGINS = {
    "object": "object",
    "line": "n + shift",
    "bot": "coalesce(agents.bot, false)",
    "browser": "agents.browser",
    "browser_version": "agents.browser_version",
    "os": "agents.os",
    "device": "agents.device",
}
_QUOTED = {name: f'"{name}"' for name, _, _ in COLUMNS}
_VALUES = ", ".join(
    f"CAST({_ORIGINS.get(name, f'l.{_QUOTED[name]}')} AS {kind}) AS {_QUOTED[name]}" for name, kind, _ in COLUMNS
)
_COLUMNS = ", ".join(_QUOTED.values())
_PARQUET = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"


def stage_hits(
    connection: duckdb.DuckDBPyConnection, bundle: Bundle, site: SiteSettings, name: str, staging: Staging
) -> dict[int, list[Part]]:
    """Write the hits of each day to a staged part called `name`; returns the parts of each segment by its number."""
    connection.execute(_view(bundle, site))
    parts: dict[int, list[Part]] = {}
    for span in spans(connection, site):
        counts = connection.execute(_counts(span)).fetchall()
        if not counts:
            continue
        file = part_file(site.name, span.day, name)
        staged = staging.stage(file)
        connection.execute(_copy(span, staged))
        digest = sha256(staged)
        for number, object_, hits in counts:
            parts.setdefault(number, []).append(Part(site.name, span.day, file, object_, hits, digest))
    return parts


def _view(bundle: Bundle, site: SiteSettings) -> str:
    return f"""
CREATE OR REPLACE TEMP VIEW hits AS
SELECT number, {_VALUES}
FROM {owned_lines(bundle)} {JOIN_AGENTS}
WHERE reason IS NULL AND {agent_reason(site.filters)} IS NULL
"""  # noqa: S608 - made of this package's own pieces


def _counts(span: Span) -> str:
    return f"SELECT number, object, count(*) FROM hits WHERE {span.condition} GROUP BY ALL ORDER BY number"  # noqa: S608 - as above


def _copy(span: Span, target: Path) -> str:
    return f"COPY (SELECT {_COLUMNS} FROM hits WHERE {span.condition}) TO {literal(str(target))} {_PARQUET}"  # noqa: S608 - as above
