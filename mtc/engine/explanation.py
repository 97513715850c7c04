"""What an import would make of given log files, with a site's settings or the defaults. All output is temporary."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.formats.settings import Filters
from mtc.manifest.models import Run, Source
from mtc.manifest.project import SiteSettings

if TYPE_CHECKING:
    from mtc.stages.import_.preview import Explained

NO_SITE = SiteSettings("log", "", "UTC", Source(url="."), None, Filters())
"""What holds without a manifest: every default."""


def as_format(site: SiteSettings, format_name: str | None) -> SiteSettings:
    """The site with another format, if one is given."""
    return replace(site, source=site.source.model_copy(update={"format": format_name})) if format_name else site


def explain(
    files: Sequence[Path], site: SiteSettings = NO_SITE, *, limit: int, memory: str = Run().memory
) -> Iterator["Explained"]:
    """What an import would make of each file. Nothing is written but in a folder that is gone at the end."""
    from mtc.core.database import connect  # noqa: PLC0415 - the same
    from mtc.stages.import_.preview import Explainer  # noqa: PLC0415 - loads duckdb

    with tempfile.TemporaryDirectory(prefix="mtc-explain-") as name:
        folder = Path(name)
        explainer = Explainer(site, lambda: connect(memory, folder / "tmp"), folder, limit)
        for file in files:
            yield explainer.explain(file)
