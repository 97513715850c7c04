"""The files that people read: `.stat` files, and the rows of summary.csv and accounting.csv made of them."""

import csv
import datetime as dt
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from mtc.errors import MtcError, PermanentError, explain_reading
from mtc.manifest.project import Project
from mtc.model import Status
from mtc.plan.model import StepRecord
from mtc.run.verifying.values import Disagreement
from mtc.stages.stat import stat_path
from mtc.warehouse.csvset import columns, file_name
from mtc.warehouse.statfile import StatDocument, loads

Row = tuple[tuple[str, str], ...]
"""A row of CSV: each column's name with its text, in order."""


@dataclass(frozen=True, slots=True)
class StatFile:
    """A day's `.stat` file; `document` is None where there is none that can be read."""

    document: StatDocument | None
    disagreements: tuple[Disagreement, ...] = ()


def stat_file(project: Project, site: str, day: dt.date, record: StepRecord | None) -> StatFile:
    """Read a day's file, and hold it against what the step recorded."""
    path = stat_path(project, site, day)
    done = record is not None and record.status is Status.DONE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return StatFile(None, (Disagreement("the .stat file is not there"),) if done else ())
    except OSError as error:
        return StatFile(None, (Disagreement(f"the .stat file: {explain_reading(error, str(path)).what}"),))
    try:
        document = loads(data, str(path))
    except MtcError as error:
        return StatFile(None, (Disagreement(error.what),))
    if (document.site, document.day) != (site, day):
        return StatFile(None, (Disagreement(f"the .stat file is of {document.site} on {document.day}"),))
    digests = {output.digest for output in record.outputs} if record is not None and done else set()
    if digests and hashlib.sha256(data).hexdigest() not in digests:
        return StatFile(document, (Disagreement("the .stat file is not as it was written"),))
    return StatFile(document)


def csv_rows(folder: Path, name: str, wanted: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Row]:
    """The rows of these sites and days (ISO dates) of `summary` or `accounting`. None of a file that is not there.

    Raises:
        StepError: it is no such file, or cannot be read.
    """
    path = folder / file_name(name)
    names = [column for column, _ in columns(name)]
    hint = "run `mtc csv` to make it again"
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            if next(reader, None) != names:
                raise PermanentError("its columns are not those of this mtc", where=str(path), hint=hint)
            rows = {(row[0], row[1]): tuple(zip(names, row, strict=True)) for row in reader if tuple(row[:2]) in wanted}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise explain_reading(error, str(path)) from error
    except (ValueError, csv.Error):
        raise PermanentError("the file cannot be read: it is damaged", where=str(path), hint=hint) from None
    return rows
