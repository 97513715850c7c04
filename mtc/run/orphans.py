"""Sites that the state or the `.stat` files know and the manifest does not: renamed, removed, or another manifest's."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mtc.manifest.project import Project
from mtc.state.store import Store
from mtc.warehouse.csvset import file_name


def orphans(project: Project, store: Store) -> tuple[str, ...]:
    """A sentence for each, by name. Their rows stay in the CSV files, and add to totals over all sites."""
    steps = Counter(record.step.site for record in store.list_steps())
    files = dict(_stat_files(project.stats))
    return tuple(
        _sentence(name, steps[name], files.get(name, 0), (project.stats / name, project.csv / file_name("summary")))
        for name in sorted((steps.keys() | files.keys()) - project.sites.keys())
    )


def _sentence(name: str, steps: int, files: int, places: tuple[Path, Path]) -> str:
    if not files:
        return f"{name} is no site of this manifest, and has {steps:,} steps in the state"
    folder, summary = map(_shown, places)
    rows = f"its {files:,} .stat files still make rows of the CSV files"
    what = f"{name} is no site of this manifest: {rows}"
    return f"{what}; if it was renamed or removed, move {folder} away, remove {summary} and run `mtc csv`"


def _stat_files(stats: Path) -> Iterator[tuple[str, int]]:
    """How many `.stat` files each folder of a site has, where it has any."""
    for folder in sorted(stats.iterdir()) if stats.is_dir() else ():
        if folder.is_dir() and (number := sum(1 for _ in folder.glob("*.stat"))):
            yield folder.name, number


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
