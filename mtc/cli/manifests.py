"""The commands for manifests: validate, schema, init, convert. None of them needs a network or a secret."""

import json as jsonlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtc.cli import options
from mtc.core.errors import EXIT_OK, EXIT_USAGE, Problem, UsageError

if TYPE_CHECKING:
    from mtc.manifest.load import FileReport

MANIFEST_SCHEMA = Path("schemas/manifest.schema.json")
STAT_SCHEMA = Path("schemas/stat.schema.json")


def validate(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders [default: manifests].", metavar="PATH")
    ] = None,
    json: options.Json = False,
) -> None:
    """Check manifests, and show every mistake with its line.

    Needs no network and no secrets.
    """
    from mtc.manifest.load import validate as check
    from mtc.report.error_report import problem_text

    reports = check(paths or [Path("manifests")])
    if json:
        sys.stdout.write(jsonlib.dumps([_report_json(report) for report in reports], indent=1) + "\n")
    else:
        for report in reports:
            for problem in report.problems:
                sys.stderr.write(problem_text(problem) + "\n\n")
            for warning in report.warnings:
                sys.stderr.write(f"warning: {problem_text(warning)}\n\n")
        bad = sum(not report.valid for report in reports)
        checked = len(reports)
        word = f"{bad} of {checked} files not valid" if bad else f"{checked} file{'s' * (checked != 1)} valid"
        sys.stderr.write(word + "\n")
    raise typer.Exit(EXIT_OK if all(report.valid for report in reports) else EXIT_USAGE)


def _report_json(report: "FileReport") -> dict[str, object]:
    return {
        "file": os.path.relpath(report.file),
        "valid": report.valid,
        "problems": [_problem_json(problem) for problem in report.problems],
        "warnings": [_problem_json(warning) for warning in report.warnings],
    }


def _problem_json(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "where": problem.where,
        "what": problem.what,
        "hint": problem.hint,
    }


def schema(
    check: Annotated[bool, typer.Option("--check", help="Compare a copy; exit with 2 if it differs.")] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            help=f"The copy to compare [default: {MANIFEST_SCHEMA}; with --stat {STAT_SCHEMA}].",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    stat: Annotated[bool, typer.Option("--stat", help="The schema of .stat files instead of manifests.")] = False,
) -> None:
    """Print the JSON Schema of manifests or .stat files.

    With it, editors complete and check manifests. --check compares a copy with the schema of this mtc.
    """
    text = _stat_schema() if stat else _manifest_schema()
    if not check:
        sys.stdout.write(text)
        return
    copy = file or (STAT_SCHEMA if stat else MANIFEST_SCHEMA)
    hint = f"run `mtc schema{' --stat' * stat} > {copy}`"
    if not copy.is_file():
        raise UsageError("there is no such file", where=str(copy), hint=hint)
    if copy.read_text("utf-8") != text:
        raise UsageError("the schema is not that of this mtc", where=str(copy), hint=hint)


def _manifest_schema() -> str:
    from mtc.manifest.json_schema import build

    return build()


def _stat_schema() -> str:
    from mtc.warehouse.stat_document import schema_text

    return schema_text()


def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.", metavar="FOLDER")] = Path(),
    site: Annotated[str, typer.Option("--site", help="The first site's name.", metavar="NAME")] = "docs",
    logs: Annotated[
        str, typer.Option("--logs", help="Where the logs are: a path or s3:// URL with {date:%Y-%m-%d}.", metavar="URL")
    ] = "logs/{site}/{date:%Y-%m-%d}*",
) -> None:
    """Start a project: write a first manifest.

    Writes manifests/daily.yaml, its schema and a .gitignore. Overwrites nothing.
    """
    from mtc.core.atomic_files import write_atomic
    from mtc.manifest.first_manifest import starter

    files = {
        folder / "manifests" / "daily.yaml": starter(site, logs),
        folder / MANIFEST_SCHEMA: _manifest_schema(),
        folder / ".gitignore": ".mtc/\nwarehouse/\nstats/\ncsv/\n",
    }
    daily = folder / "manifests" / "daily.yaml"
    if daily.exists():
        raise UsageError("the file already exists", where=str(daily), hint="name another folder")
    for path, text in files.items():
        if not path.exists():
            write_atomic(path, text.encode())
            sys.stdout.write(f"{path}\n")
    where = "" if folder.resolve() == Path.cwd() else f" in {folder}"
    sys.stderr.write(f"next: edit {daily}, then run `mtc validate` and `mtc plan`{where}\n")


def convert(
    file: Annotated[Path, typer.Argument(help="The old .aws_config.", metavar="FILE")],
    name: Annotated[str, typer.Option("--name", help="The new manifest's name.", metavar="NAME")] = "daily",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to a new file instead of stdout.", metavar="FILE")
    ] = None,
) -> None:
    """Make a manifest from an old .aws_config.

    Does not copy secrets, but writes ${NAMES} in their places.
    """
    from mtc.core.atomic_files import write_atomic
    from mtc.manifest.first_manifest import convert as converted

    try:
        old = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"the file cannot be read: {reason}", where=str(file)) from None
    text, notes = converted(old, name=name)
    if output is None:
        sys.stdout.write(text)
    elif output.exists():
        raise UsageError("the file already exists", where=str(output), hint="name another, or move it away")
    else:
        write_atomic(output, text.encode())
    for line in notes:
        sys.stderr.write(f"note: {line}\n")
    target = output or Path("manifests") / f"{name}.yaml"
    if output is None:
        sys.stderr.write(f"next: save it, with `mtc convert {file} -o {target}`, and edit it\n")
    else:
        sys.stderr.write(f"wrote {target}; next: edit it, then `mtc validate {target}` and `mtc plan {target}`\n")
