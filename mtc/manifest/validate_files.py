"""Many manifests checked as CI does: files and folders, every environment, without network and without secrets."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mtc.core.errors import Problem
from mtc.manifest.inheritance import Assembly, assemble
from mtc.manifest.nodes import Map, scalars
from mtc.manifest.project import project_root
from mtc.manifest.redaction import is_placeholder, is_secret
from mtc.manifest.validation import TreeValidation, in_order
from mtc.manifest.yaml import MAX_SIZE, looks_like_manifest

_SUFFIXES = {".yaml", ".yml"}


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is wrong with one file. A `base` is only a piece: other files extend it, or it names no sites.

    `warnings`, such as old names of keys, should be fixed, but do not make the file invalid.
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
    """Check files, and in folders every YAML file that looks like a manifest, in order of name."""
    files, reports = _files(paths)
    made = {file: assemble(file) for file in files}
    bases = _bases(made)
    reports += [_report(each, bases) for each in made.values()]
    return _once(sorted(reports, key=lambda report: str(report.file)))


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[FileReport]]:
    """The files to check, each once, and reports on paths that lead to none."""
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


def _bases(made: dict[Path, Assembly]) -> set[Path]:
    """The files that others extend: those given, and their neighbours that are not."""
    known = {base.resolve() for each in made.values() for base in each.bases}
    neighbours = {
        file for folder in {each.parent for each in made} for file in sorted(folder.glob("*.y*ml")) if file not in made
    }
    for file in neighbours:
        if _looks_like_a_manifest(file):
            known |= {base.resolve() for base in assemble(file).bases}
    return known


def _report(made: Assembly, bases: Collection[Path]) -> FileReport:
    """One file, and each of its environments over it."""
    if made.tree is None:
        return FileReport(made.file, in_order(made.problems))
    names = tuple(made.environments.entries) if made.environments else ()
    trees = [made.tree, *filter(None, map(made.environment, names))]
    base = made.file.resolve() in bases or "sites" not in made.tree.entries
    validation = TreeValidation(project_root(made.file), partial=base or not made.whole)
    problems = [*made.problems, *validation.validate(made.tree).problems]
    for name in names:
        tree = made.environment(name)
        found = validation.validate(tree).problems if tree else ()
        problems += [replace(each, where=f"environments.{name}.{each.where}".rstrip(".")) for each in found]
    warnings = in_order((*made.warnings, *(each for tree in trees for each in _secrets_in_clear(tree))))
    return FileReport(made.file, in_order(problems), warnings, base, names)


def _secrets_in_clear(tree: Map) -> Iterator[Problem]:
    """Secrets in the file itself: everybody who reads the file, or its history, knows them."""
    for path, node in scalars(tree):
        if is_secret(path) and isinstance(node.value, str) and not is_placeholder(node.text):
            hint = "write ${NAME}, or ${file:/run/secrets/NAME}"
            yield node.mark.problem(".".join(path), "a secret stands here in clear", hint)


def _once(reports: list[FileReport]) -> list[FileReport]:
    """A problem of a base is reported under the base, not again under each file that extends it."""
    reported = {
        (report.file, each.line, each.column, each.what)
        for report in reports
        for each in (*report.problems, *report.warnings)
        if str(report.file) == each.file
    }

    def is_repeated(report: FileReport, each: Problem) -> bool:
        return str(report.file) != each.file and (Path(each.file), each.line, each.column, each.what) in reported

    def without_repeated(report: FileReport, found: tuple[Problem, ...]) -> tuple[Problem, ...]:
        return tuple(each for each in found if not is_repeated(report, each))

    return [
        replace(
            report,
            problems=without_repeated(report, report.problems),
            warnings=without_repeated(report, report.warnings),
        )
        for report in reports
    ]
