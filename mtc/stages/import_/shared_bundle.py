"""Stages what a bundle with lines of several import steps gives each of them: what it would have given it alone.

All hits are written by one statement, in a file for each step and day, and all rejected lines are read by one.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtc.core import crash_points
from mtc.core.atomic_files import sha256
from mtc.core.errors import PermanentError
from mtc.core.model import Part
from mtc.core.sql import literal
from mtc.stages.import_.bundle_loader import BundleLoader, SegmentResult, count_lines, segment_result
from mtc.stages.import_.hit_parts import HIT_COLUMNS, PARQUET, Hits, near_spans, part_name, view_of_hits
from mtc.stages.import_.line_table import segment_object_id, with_agents, with_segments
from mtc.stages.import_.rejected_files import any_rejected, sample_rejected
from mtc.stages.import_.segments import Bundle
from mtc.warehouse.parts import bundle_name, part_file, rejected_file

_SHARES = "CREATE OR REPLACE TEMP TABLE shares AS SELECT unnest($numbers) AS number, unnest($shares) AS share"
_SPANS = "CREATE OR REPLACE TEMP TABLE spans AS SELECT unnest($starts) AS start, unnest($places) AS place"
_FILED = """
CREATE OR REPLACE TEMP TABLE filed_hits AS
SELECT hits.*, share * (SELECT count(*) FROM spans) + place AS file
FROM hits JOIN shares USING (number) ASOF JOIN spans ON ts >= start
ORDER BY n
"""
_COUNTS = "SELECT number, file, object, count(*) FROM filed_hits GROUP BY ALL ORDER BY number, file"
_COPY = f"COPY (SELECT file, {HIT_COLUMNS} FROM filed_hits) TO {{folder}} {PARQUET[:-1]}, PARTITION_BY (file))"  # noqa: S608 - constants
_COPY_ONE = f"COPY (SELECT {HIT_COLUMNS} FROM filed_hits WHERE file = {{file}} ORDER BY n) TO {{target}} {PARQUET}"  # noqa: S608 - constants
_IN_ORDER = 122_880
"""As many rows are read by one thread, which writes them in their order."""

_REJECTED = """
SELECT share, CAST(to_json({{object: key, line: n + shift, reason: reason, text: text}}) AS VARCHAR)
FROM {lines} JOIN shares USING (number)
WHERE rejected ORDER BY n
"""
_DROP = "DROP TABLE IF EXISTS filed_hits"


@dataclass(frozen=True, slots=True)
class Share:
    """What a step has of a bundle: the numbers of its segments, in order; and the step's site and day."""

    site: str
    day: dt.date
    numbers: tuple[int, ...]


def load_shared(loader: BundleLoader, bundle: Bundle, shares: Sequence[Share]) -> list[list[SegmentResult]]:
    """Load a bundle; returns for each share the results of its segments. What is in no share is left out.

    Raises:
        StepError: lines cannot be read, the accounting does not add up, or the database fails.
    """
    with loader.read(bundle) as lines:
        try:
            accountings = count_lines(loader.connection, bundle, lines, loader.site.filters)
            numbers = [number for share in shares for number in share.numbers]
            places = [place for place, share in enumerate(shares) for _ in share.numbers]
            loader.connection.execute(_SHARES, {"numbers": numbers, "shares": places})
            names = [_name(bundle, share) for share in shares]
            hits = Hits(with_agents(lines, bundle), ordered=False)
            loader.connection.execute(view_of_hits(hits, loader.site))
            parts = _stage_hits(loader, shares, [part_name(name, loader.made_with) for name in names])
            read = with_segments(lines.read, bundle)
            files = [rejected_file(share.site, share.day, name) for share, name in zip(shares, names, strict=True)]
            samples = _stage_rejected(loader, read, files)
        finally:
            loader.connection.execute(_DROP)
    crash_points.point("load.staged")
    return [
        [segment_result(accountings, parts, samples, file, number) for number in share.numbers]
        for share, file in zip(shares, files, strict=True)
    ]


def _name(bundle: Bundle, share: Share) -> str:
    return bundle_name([segment_object_id(bundle.segments[number]) for number in share.numbers], 0)


def _stage_hits(loader: BundleLoader, shares: Sequence[Share], names: Sequence[str]) -> Mapping[int, list[Part]]:
    """Stage the parts, called by the names of their shares; returns those of each segment by its number."""
    connection = loader.connection
    spans = near_spans(connection, loader.site)
    if not spans:
        return {}
    connection.execute(_SPANS, {"starts": [span.low for span in spans], "places": list(range(len(spans)))})
    connection.execute(_FILED)
    counts = connection.execute(_COUNTS).fetchall()
    places = {file: divmod(file, len(spans)) for _, file, _, _ in counts}
    targets = {
        file: part_file(shares[share].site, spans[span].day, names[share]) for file, (share, span) in places.items()
    }
    staged = _copy(loader, targets, sum(count for *_, count in counts))
    digests = {file: sha256(path) for file, path in staged.items()}
    parts: dict[int, list[Part]] = {}
    for number, file, object_, count in counts:
        share, span = places[file]
        part = Part(shares[share].site, spans[span].day, targets[file], object_, count, digests[file])
        parts.setdefault(number, []).append(part)
    return parts


def _copy(loader: BundleLoader, targets: Mapping[int, str], rows: int) -> Mapping[int, Path]:
    """Write the hits to a staged file for each target, by its number, in the order of the lines."""
    if rows > _IN_ORDER:
        staged = {file: loader.staging.stage(target) for file, target in targets.items()}
        for file, path in staged.items():
            loader.connection.execute(_COPY_ONE.format(file=file, target=literal(str(path))))
        return staged
    folder = loader.staging.temporary("parts")
    loader.connection.execute(_COPY.format(folder=literal(str(folder))))
    return {file: _written(loader, folder / f"file={file}", target) for file, target in targets.items()}


def _written(loader: BundleLoader, folder: Path, target: str) -> Path:
    """Stage the only file in a folder."""
    files = list(folder.iterdir())
    if len(files) > 1:
        raise PermanentError("the hits of a day are in several files", where=target, hint="please report this")
    return files[0].rename(loader.staging.stage(target))


def _stage_rejected(loader: BundleLoader, lines: str, files: Sequence[str]) -> Mapping[int, list[str]]:
    """Stage a file for each share that has rejected lines; returns samples of them by the segment's number."""
    if not any_rejected(loader.connection):
        return {}
    rows: dict[int, list[str]] = {}
    for share, text in loader.connection.execute(_REJECTED.format(lines=lines)).fetchall():
        rows.setdefault(share, []).append(text)
    for share, texts in rows.items():
        loader.staging.stage(files[share]).write_text("".join(f"{text}\n" for text in texts), "utf-8", newline="\n")
    return sample_rejected(loader.connection, lines)
