"""The commands about manifests: validate, schema, init, convert. None of them needs a network or a secret."""

import json as jsonlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mtc.cli import options
from mtc.core.errors import EXIT_OK, EXIT_USAGE, Problem, UsageError

if TYPE_CHECKING:
    from mtc.manifest.validate_files import FileReport

SCHEMA_FILE = Path("schemas/manifest.schema.json")


def validate(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders [default: manifests].", metavar="PATH")
    ] = None,
    json: options.Json = False,
) -> None:
    """Check manifests, and show each mistake in its line.

    Needs no network and no secrets.
    """
    from mtc.manifest.problem_text import render
    from mtc.manifest.validate_files import validate as check

    reports = check(paths or [Path("manifests")])
    if json:
        sys.stdout.write(jsonlib.dumps([_report_json(report) for report in reports], indent=1) + "\n")
    else:
        for report in reports:
            for problem in report.problems:
                sys.stderr.write(render(problem) + "\n\n")
            for warning in report.warnings:
                sys.stderr.write(f"warning: {render(warning)}\n\n")
        bad = sum(not report.valid for report in reports)
        checked = len(reports)
        word = f"{bad} of {checked} files not valid" if bad else f"{checked} file{'s' * (checked != 1)} valid"
        sys.stderr.write(word + "\n")
    raise typer.Exit(EXIT_OK if all(report.valid for report in reports) else EXIT_USAGE)


def _report_json(report: "FileReport") -> dict[str, object]:
    return {
        "file": os.path.relpath(report.file),
        "valid": report.valid,
        "problems": [_problem_json(one) for one in report.problems],
        "warnings": [_problem_json(one) for one in report.warnings],
    }


def _problem_json(one: Problem) -> dict[str, object]:
    return {
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "where": one.where,
        "what": one.what,
        "hint": one.hint,
    }


def schema(
    check: Annotated[bool, typer.Option("--check", help="Compare with a copy; end with 2 if it differs.")] = False,
    file: Annotated[Path, typer.Option("--file", help="The copy to compare with.", metavar="FILE")] = SCHEMA_FILE,
) -> None:
    """Print the JSON Schema of manifests, for editors.

    Or check that a copy of it is that of this mtc.
    """
    from mtc.manifest.json_schema import build

    text = build()
    if not check:
        sys.stdout.write(text)
        return
    if not file.is_file():
        raise UsageError("there is no such file", where=str(file), hint=f"run `mtc schema > {file}`")
    if file.read_text("utf-8") != text:
        raise UsageError("the schema is not that of this mtc", where=str(file), hint=f"run `mtc schema > {file}`")


def init(
    folder: Annotated[Path, typer.Argument(help="The project's folder.", metavar="FOLDER")] = Path(),
    site: Annotated[str, typer.Option("--site", help="The first site's name.", metavar="NAME")] = "docs",
    logs: Annotated[
        str, typer.Option("--logs", help="Where its logs lie: a path or s3:// URL with {date:%Y-%m-%d}.", metavar="URL")
    ] = "logs/{site}/{date:%Y-%m-%d}*",
) -> None:
    """Begin a project: write a first manifest.

    Writes manifests/daily.yaml, its schema and a .gitignore. Overwrites nothing.
    """
    from mtc.core.atomic_files import write_atomic
    from mtc.manifest.first_manifest import starter
    from mtc.manifest.json_schema import build

    wanted = {
        folder / "manifests" / "daily.yaml": starter(site, logs),
        folder / SCHEMA_FILE: build(),
        folder / ".gitignore": ".mtc/\nwarehouse/\nstats/\ncsv/\n",
    }
    daily = folder / "manifests" / "daily.yaml"
    if daily.exists():
        raise UsageError("the file is there already", where=str(daily), hint="name another folder")
    for path, text in wanted.items():
        if not path.exists():
            write_atomic(path, text.encode())
            sys.stdout.write(f"{path}\n")
    there = "" if folder.resolve() == Path.cwd() else f", in {folder},"
    sys.stderr.write(f"next: edit {daily}, then{there} `mtc validate` and `mtc plan`\n")


def convert(
    file: Annotated[Path, typer.Argument(help="The old .aws_config.", metavar="FILE")],
    name: Annotated[str, typer.Option("--name", help="The new manifest's name.", metavar="NAME")] = "daily",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to a new file instead of stdout.", metavar="FILE")
    ] = None,
) -> None:
    """Make a manifest of an old .aws_config.

    Secrets are left as ${NAMES}.
    """
    from mtc.core.atomic_files import write_atomic
    from mtc.manifest.first_manifest import convert as converted

    try:
        old = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise UsageError(f"the file cannot be read: {reason}", where=str(file)) from None
    text, notes = converted(old, name=name)
    if output is None:
        sys.stdout.write(text)
    elif output.exists():
        raise UsageError("the file is there already", where=str(output), hint="name another, or move it away")
    else:
        write_atomic(output, text.encode())
    for line in notes:
        sys.stderr.write(f"note: {line}\n")
    target = output or Path("manifests") / f"{name}.yaml"
    if output is None:
        sys.stderr.write(f"next: save it, with `mtc convert {file} -o {target}`, and edit it\n")
    else:
        sys.stderr.write(f"wrote {target}; next: edit it, then `mtc validate {target}` and `mtc plan {target}`\n")
