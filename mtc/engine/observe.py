"""What exists now, observed once before planning: sources, listed in parallel, then warehouse, `.stat` and CSV files.

Also the sites that the state or the `.stat` files have and the manifest does not.
"""

import datetime as dt
import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from mtc.core.atomic_files import sha256
from mtc.core.background import map_in_order
from mtc.core.errors import MtcError
from mtc.core.model import LoadedObject, Output, SourceObject, Stage, StepId
from mtc.core.records import History
from mtc.manifest.project import Project, SiteSettings
from mtc.plan.world import Listing, Selection, World
from mtc.sources.dated_source import DatedSource
from mtc.sources.growing_source import GrowingSource
from mtc.sources.source import LogSource
from mtc.state.store import Store

_PARALLEL = 16
_MOST_READ = 1000
_FEW = 3
_NOTHING = History()
_NONE: Mapping[dt.date, tuple[str, ...]] = {}

OpenSource = Callable[[SiteSettings], LogSource]
Notes = Callable[[str], None]


def _never_stop() -> None:
    """Let the listing go on."""


def observe(
    project: Project,
    selection: Selection,
    history: History,
    open_source: OpenSource,
    note: Notes,
    check: Callable[[], None] = _never_stop,
) -> World:
    """Observe everything that the selection's plan depends on.

    Args:
        project: the project.
        selection: the steps asked for; sources are listed only if imports are among them.
        history: what the state holds of the selection's sites.
        open_source: opens the source of a site.
        note: called with each remark for the user.
        check: called while sources are listed; it may raise to stop.
    """
    listed = Stage.IMPORT in selection.stages
    known = _known(selection, history)
    listings = list_sources(project, selection, open_source, note, known, check, history) if listed else {}
    return observe_files(project, selection, history, listings)


def observe_files(project: Project, selection: Selection, history: History, listings: Mapping[str, Listing]) -> World:
    """Observe the files of warehouse, statistics and CSV."""
    return World(
        listings=listings,
        stat_files=stat_files(project.stats, selection) | changed_stat_files(project.stats, selection, history),
        missing=missing_parts(project.warehouse, history) | damaged_parts(project.warehouse, selection, history),
        csv_missing=missing_outputs(project.root, history.csv_outputs),
    )


def _known(selection: Selection, history: History) -> frozenset[str]:
    """The sites that have loaded objects, except those whose losses are accepted."""
    return frozenset(step.site for step, objects in history.objects.items() if objects) - selection.accepted_sites


def list_sources(
    project: Project,
    selection: Selection,
    open_source: OpenSource,
    note: Notes,
    known: Collection[str] = frozenset(),
    check: Callable[[], None] = _never_stop,
    history: History = _NOTHING,
) -> Mapping[str, Listing]:
    """List every site's source for its days, several sites at a time.

    An empty listing of a site that is `known` to have had objects is an error, where the source cannot be sure of it.
    Growing logs are compared with what `history` says was loaded of them.
    """

    def list_site(name: str) -> tuple[Listing, list[str]]:
        notes: list[str] = []
        try:
            source = open_source(project.sites[name])
            asked, unreadable = selection.days[name], _NONE
            loaded = {step.day: history.objects[step] for step in history.imports_of(name)}
            if isinstance(source, GrowingSource):
                found = source.look(loaded, selection.last.get(name, max(asked)), note=notes.append)
                days, unreadable = found.days, found.unreadable
            elif isinstance(source, DatedSource):
                days = source.look(asked, loaded, note=notes.append)
            else:
                days = source.list_days(asked, note=notes.append)
            if not (days or unreadable) and name in known and (doubt := source.empty_listing_doubt()):
                return Listing(error=doubt, hint=f"if all of it is gone for good: --accept site:{name}"), notes
        except MtcError as error:
            where = f"{error.where}: " if error.where else ""
            return Listing(error=f"{where}{error.what}", hint=error.hint), []
        added = {*_added(loaded, days, asked), *unreadable} - {*asked}
        return Listing(days, added=tuple(sorted(added)), unreadable=unreadable), notes

    listings = {}
    for name, (listing, notes) in map_in_order(list_site, selection.days, check, threads=_PARALLEL, name="list"):
        listings[name] = listing
        if notes:
            others = f" (and {len(notes) - 1:,} more skipped)" if len(notes) > 1 else ""
            note(f"{name}: {notes[0]}{others}")
    return listings


def _added(
    loaded: Mapping[dt.date, tuple[LoadedObject, ...]],
    days: Mapping[dt.date, tuple[SourceObject, ...]],
    asked: Collection[dt.date],
) -> tuple[dt.date, ...]:
    """The days besides those asked for under which something is listed that is not loaded."""
    found = []
    for day in sorted(days.keys() - set(asked)):
        versions = {(item.object.key, item.object.version) for item in loaded.get(day, ())}
        if any((item.key, item.version) not in versions for item in days[day]):
            found.append(day)
    return tuple(found)


def stat_files(stats: Path, selection: Selection) -> dict[tuple[str, dt.date], str]:
    """The size of every `.stat` file of the selection's sites."""
    found: dict[tuple[str, dt.date], str] = {}
    for site in selection.days:
        for day, size in stat_sizes(stats / site).items():
            found[site, day] = str(size)
    return found


def changed_stat_files(stats: Path, selection: Selection, history: History) -> dict[tuple[str, dt.date], str]:
    """The `.stat` files of the recorded size whose content differs. Checked only for days named on the command line."""
    named = [(site, day) for site, days in selection.days.items() for day in days] if selection.exact else []
    found: dict[tuple[str, dt.date], str] = {}
    for site, day in named if len(named) <= _MOST_READ else ():
        path, record = stats / site / f"{day}.stat", history.steps.get(StepId(Stage.STAT, site, day))
        for output in record.outputs if record else ():
            if _as_written(path, output) and _is_damaged(path, output.digest):
                found[site, day] = f"{output.size} changed"
    return found


def stat_sizes(folder: Path) -> dict[dt.date, int]:
    """The sizes in bytes of the `.stat` files in one site's folder, by day."""
    sizes: dict[dt.date, int] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name, dot, ending = entry.name.rpartition(".")
                day = _day(name) if dot and ending == "stat" else None
                if day is not None:
                    sizes[day] = entry.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return sizes


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def missing_parts(warehouse: Path, history: History) -> frozenset[str]:
    """The listed part files that do not exist. Of a day with many parts the folder is read once."""
    names: dict[str, set[str]] = {}
    for objects in history.objects.values():
        for item in objects:
            for part in item.parts:
                folder, _, name = part.file.rpartition("/")
                names.setdefault(folder, set()).add(name)
    return frozenset(
        f"{folder}/{name}" for folder, listed in names.items() for name in _missing(f"{warehouse}/{folder}", listed)
    )


def _missing(folder: str, names: set[str]) -> Iterable[str]:
    """Those of the names that no file in the folder has; a folder of that name, or a dangling link, is not the part."""
    if len(names) > _FEW:
        return names - _names(folder)
    return [name for name in names if not _is_file(f"{folder}/{name}")]


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116 - to make a Path takes longer than to ask
    except (FileNotFoundError, NotADirectoryError):
        return False


def damaged_parts(warehouse: Path, selection: Selection, history: History) -> frozenset[str]:
    """The listed part files of the selection whose digest is not the recorded one. Checked only with `remake`."""
    if not selection.remake:
        return frozenset()
    steps = [StepId(Stage.IMPORT, site, day) for site, days in selection.days.items() for day in days]
    parts = (part for step in steps for item in history.objects.get(step, ()) for part in item.parts)
    digests = {part.file: part.digest for part in parts}
    return frozenset(file for file, digest in digests.items() if digest and _is_damaged(warehouse / file, digest))


def _is_damaged(path: Path, digest: str) -> bool:
    try:
        return sha256(path) != digest
    except OSError:
        return False  # a missing file is reported by `missing_parts`


def _names(folder: str) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def missing_outputs(root: Path, outputs: tuple[Output, ...]) -> tuple[str, ...]:
    """The outputs that do not exist or have another size."""
    return tuple(output.path for output in outputs if not _as_written(root / output.path, output))


def _as_written(path: Path, output: Output) -> bool:
    try:
        return path.stat().st_size == output.size
    except OSError:
        return False


def unknown_site_notes(project: Project, store: Store) -> tuple[str, ...]:
    """A note for each site that the manifest does not have: renamed, removed, or of another manifest.

    Rows of such sites stay in the CSV files, and are in totals over all sites.
    """
    from mtc.warehouse.csv_files import file_name  # noqa: PLC0415 - loads the models of `.stat` files

    steps = Counter(record.step.site for record in store.list_steps())
    files = dict(_stat_files(project.stats))
    return tuple(
        _unknown_site_note(
            name, steps[name], files.get(name, 0), (project.stats / name, project.csv / file_name("summary"))
        )
        for name in sorted((steps.keys() | files.keys()) - project.sites.keys())
    )


def _unknown_site_note(name: str, steps: int, files: int, paths: tuple[Path, Path]) -> str:
    if not files:
        return f"{name} is not a site of this manifest, and has {steps:,} steps in the state"
    folder, summary = map(_shown, paths)
    rows = f"its {files:,} .stat files still make rows of the CSV files"
    what = f"{name} is not a site of this manifest: {rows}"
    return f"{what}; if it was renamed or removed, move {folder} away, remove {summary} and run `mtc csv`"


def _stat_files(stats: Path) -> Iterator[tuple[str, int]]:
    """The sites that have `.stat` files, each with how many."""
    for folder in sorted(stats.iterdir()) if stats.is_dir() else ():
        if folder.is_dir() and (number := sum(1 for _ in folder.glob("*.stat"))):
            yield folder.name, number


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
