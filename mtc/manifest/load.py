"""Manifest files: `load` reads one into a project for a run, `validate` checks many as CI does.

Both report every problem, not only the first. `validate` checks every environment, and needs no network and no secrets.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mtc.core.errors import ManifestError, Problem
from mtc.manifest.inheritance import Assembly, assemble
from mtc.manifest.nodes import Map, is_placeholder, is_secret, scalars
from mtc.manifest.project import Project, project_root, resolve_project
from mtc.manifest.validation import TreeValidation, in_order
from mtc.manifest.yaml import MAX_SIZE, looks_like_manifest

_SUFFIXES = {".yaml", ".yml"}


def load(
    path: Path,
    *,
    env: str | None = None,
    environ: Mapping[str, str] | None = None,
    secrets_needed: bool = True,
    sites: Collection[str] | None = None,
) -> Project:
    """Read a manifest.

    Args:
        path: The manifest's file.
        env: The environment to merge over it.
        environ: Where `${NAME}` is looked up; the process's environment by default.
        secrets_needed: Whether secrets must resolve. If not, none is looked up, and each keeps its `${NAME}` as a
            placeholder. Other references must always resolve: a folder called `${LOGS}` would be worse than an error.
        sites: The sites whose credentials must resolve; all by default.

    Raises:
        ManifestError: The manifest is not valid; with every problem found.
    """
    file = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would leave the folder of a linked manifest)
    assembly = assemble(file)
    tree = assembly.environment(env) if env else assembly.tree
    problems = list(assembly.problems)
    if assembly.tree is not None and tree is None:
        problems.append(assembly.unknown_environment(env or ""))
        tree = assembly.tree
    if tree is None:
        raise ManifestError(in_order(problems))
    root = project_root(file)
    values = os.environ if environ is None else environ
    validated = TreeValidation(root, values, secrets_needed, sites, partial=not assembly.whole).validate(tree)
    problems += validated.problems
    if problems or validated.manifest is None:
        raise ManifestError(in_order(problems))
    project = resolve_project(validated.manifest, validated.tree, file, env or "")
    return replace(project, warnings=in_order(assembly.warnings))


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is wrong with one file.

    A `base` is incomplete on purpose: other files extend it, or it names no sites. `warnings`, such as old names of
    keys, should be fixed, but do not make the file invalid.
    """

    file: Path
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    base: bool = False
    environments: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def validate(paths: Sequence[Path]) -> list[FileReport]:
    """Check files, and every YAML file in folders that looks like a manifest; reports are sorted by path."""
    files, reports = _files(paths)
    assemblies = {file: assemble(file) for file in files}
    bases = _bases(assemblies)
    reports += [_report(each, bases) for each in assemblies.values()]
    return _without_repeated(sorted(reports, key=lambda report: str(report.file)))


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[FileReport]]:
    """The files to check, each once, and reports on folders without a manifest."""
    files: dict[Path, None] = {}
    reports: list[FileReport] = []
    for path in paths:
        start = Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would leave the folder of a linked manifest)
        if not start.is_dir():
            files[start] = None
            continue
        found = [file for file in _yaml_files(start) if _looks_like_a_manifest(file)]
        files.update(dict.fromkeys(found))
        if not found:
            problem = Problem(str(start), 0, 0, "", "no manifest in this folder", "`mtc init` writes one to start from")
            reports.append(FileReport(start, (problem,)))
    return list(files), reports


def _yaml_files(folder: Path) -> Iterable[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix in _SUFFIXES and not name.startswith("."):
                yield Path(parent) / name


def _looks_like_a_manifest(file: Path) -> bool:
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            return looks_like_manifest(stream.read(MAX_SIZE))
    except OSError:
        return True


def _bases(assemblies: dict[Path, Assembly]) -> set[Path]:
    """The files that others extend: the given files, and manifests beside them that are not given."""
    known = {base.resolve() for each in assemblies.values() for base in each.bases}
    folders = {file.parent for file in assemblies}
    neighbours = {file for folder in folders for file in folder.glob("*.y*ml") if file not in assemblies}
    for file in neighbours:
        if _may_extend_another(file):
            known |= {base.resolve() for base in assemble(file).bases}
    return known


def _may_extend_another(file: Path) -> bool:
    """Whether a file may name a base. Most do not, and to read them as manifests takes a hundred times as long."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            data = stream.read(MAX_SIZE)
    except OSError:
        return False
    return b"extends" in data and looks_like_manifest(data)


def _report(assembly: Assembly, bases: Collection[Path]) -> FileReport:
    """Check one file, alone and with each of its environments merged over it."""
    if assembly.tree is None:
        return FileReport(assembly.file, in_order(assembly.problems))
    names = tuple(assembly.environments.entries) if assembly.environments else ()
    trees = [assembly.tree, *filter(None, map(assembly.environment, names))]
    base = assembly.file.resolve() in bases or "sites" not in assembly.tree.entries
    validation = TreeValidation(project_root(assembly.file), partial=base or not assembly.whole)
    problems = [*assembly.problems, *validation.validate(assembly.tree).problems]
    for name in names:
        tree = assembly.environment(name)
        found = validation.validate(tree).problems if tree else ()
        problems += [replace(each, where=f"environments.{name}.{each.where}".rstrip(".")) for each in found]
    warnings = in_order((*assembly.warnings, *(each for tree in trees for each in _secrets_in_clear(tree))))
    return FileReport(assembly.file, in_order(problems), warnings, base, names)


def _secrets_in_clear(tree: Map) -> Iterator[Problem]:
    """Secrets written into the file itself: everybody who can read the file, or its history, knows them."""
    for path, node in scalars(tree):
        if is_secret(path) and isinstance(node.value, str) and not is_placeholder(node.text):
            hint = "write ${NAME}, or ${file:/run/secrets/NAME}"
            yield node.mark.problem(".".join(path), "a secret is written here in clear text", hint)


def _without_repeated(reports: list[FileReport]) -> list[FileReport]:
    """The reports without problems of a base that are already reported for the base itself."""
    reported = {
        (report.file, each.line, each.column, each.what)
        for report in reports
        for each in (*report.problems, *report.warnings)
        if str(report.file) == each.file
    }

    def is_repeated(report: FileReport, each: Problem) -> bool:
        return str(report.file) != each.file and (Path(each.file), each.line, each.column, each.what) in reported

    def new(report: FileReport, found: tuple[Problem, ...]) -> tuple[Problem, ...]:
        return tuple(each for each in found if not is_repeated(report, each))

    return [
        replace(
            report,
            problems=new(report, report.problems),
            warnings=new(report, report.warnings),
        )
        for report in reports
    ]
