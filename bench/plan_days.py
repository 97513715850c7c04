"""Plans many site-days that were imported with other settings, without files or state, in a process of its own.

`plan_days.py SITES DAYS` prints the CPU seconds of planning their imports and statistics. The history that is planned
from is made first, and is most of the memory.
"""

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from noop import COUNTS, LAST, NOW

from mtc.core.model import LoadedObject, Part, SourceObject, Stage, Status, StepId
from mtc.core.records import History, StepRecord
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.plan.planner import plan_imports, plan_stats
from mtc.plan.world import Listing, Selection, World
from mtc.state.rows import no_collecting

_NONE: Mapping[str, Any] = {}
_MANIFEST = """\
version: 1
source: {{url: "logs/{{site}}/{{date:%F}}.log"}}
sites: {{{sites}}}
"""


def main() -> None:
    """Make the history, plan, print."""
    sites, days = map(int, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "mtc.yaml"
        manifest.write_text(_MANIFEST.format(sites=", ".join(f"site{n:04}: {{}}" for n in range(sites))), "utf-8")
        project = load(manifest)
    dates = tuple(LAST - dt.timedelta(days=age) for age in reversed(range(days)))
    selection = Selection((Stage.IMPORT, Stage.STAT), dict.fromkeys(project.sites, dates))
    with no_collecting():  # as a run plans
        world, history = _done(project, dates)
        begun = time.process_time()
        imports = plan_imports(project, selection, world, history, NOW)
        statistics = plan_stats(project, selection, World(), history, {})
        print(time.process_time() - begun)
    if len(imports) != sites * days or len(statistics) != sites * days:
        sys.exit(f"{len(imports)} imports and {len(statistics)} statistics were planned")


def _done(project: Project, dates: tuple[dt.date, ...]) -> tuple[World, History]:
    """One object and one part for each day, listed and recorded as done."""
    steps, objects, listings = {}, {}, {}
    for site in project.sites:
        listed = {}
        for day in dates:
            step, item = StepId(Stage.IMPORT, site, day), SourceObject(f"{day}.log", 9, "etag")
            part = Part(site, day, f"hits/site={site}/date={day}/object.parquet", "object", 700)
            loaded = LoadedObject(item, "object", "content", "combined", COUNTS, (part,), made_with="other")
            record = StepRecord(step, Status.DONE, "fingerprint", settings=_NONE, inputs=_NONE, figures=_NONE)
            listed[day], objects[step], steps[step] = (item,), (loaded,), record
        listings[site] = Listing(listed)
    return World(listings), History(steps, objects)


if __name__ == "__main__":
    main()
