"""The pages about results: `docs/csv.md` and `docs/stat.md`."""

from pydantic import BaseModel

from docs.generator.markdown import NOTICE, code, prose, table
from docs.generator.types import json_type_of
from mtc.core.frozen_model import descriptions
from mtc.warehouse.csv_files import NAMES, column_descriptions, description, file_name
from mtc.warehouse.stat_document import Inputs, LineAccounting, StatDocument, Summary
from mtc.warehouse.stat_tables import OTHERS, ROW_LIMIT, ROWS, Tables

_CSV = f"""# CSV files

{NOTICE}
`mtc csv`, and `mtc apply` after it has made statistics, write these files into the folder `csv`, from all `.stat`
files. A table that has no row in any `.stat` file has no CSV file. If mtc wrote one earlier, it removes it, and a note
of the step says so.

- Commas, CRLF, a header line, and quotes where needed (RFC 4180), in UTF-8 without a byte order mark.
- Days are ISO dates, numbers are plain, and an empty cell means that the number is not known.
- Rows are ordered by site and day. Within a day they have the order of the `.stat` file: most frequent first, hours and
  statuses in order.
- A table has at most {ROW_LIMIT} rows per site and day, and a row `{OTHERS}` for the rest if there is more.
- Text from log lines is made harmless: a cell that a spreadsheet would run as a formula begins with an apostrophe, and
  a control character is written as `\\x0a`.

"""

_STAT = f"""# The .stat file

{NOTICE}
`stats/SITE/DAY.stat` is one JSON document per site and day. The same inputs give the same bytes.
`schemas/stat.schema.json` is its JSON Schema (`mtc schema --stat`).

Labels come from log lines: do not trust them as HTML, SQL or shell text.

`null`, or a table that is missing, means that the source of the statistics does not know the numbers.

## The document

"""


def csv_page() -> str:
    """Every CSV file and its columns."""
    return _CSV + "\n".join(map(_csv_file, NAMES))


def _csv_file(name: str) -> str:
    rows = [(code(column), prose(text)) for column, text in column_descriptions(name).items()]
    return f"## {file_name(name)}\n\n{prose(description(name))}\n\n{table(('column', 'what it holds'), rows)}"


def stat_page() -> str:
    """Every field of the `.stat` document."""
    sections: dict[str, type[BaseModel]] = {
        "inputs": Inputs,
        "summary": Summary,
        "accounting": LineAccounting,
    }
    blocks = [_STAT + _fields(StatDocument)]
    blocks += [f"## {name}\n\n{prose(model.__doc__)}\n\n{_fields(model)}" for name, model in sections.items()]
    return "\n".join((*blocks, _tables()))


def _fields(model: type[BaseModel]) -> str:
    rows = [(code(name), json_type_of(model, name), prose(text)) for name, text in descriptions(model).items()]
    return table(("field", "type", "meaning"), rows)


def _tables() -> str:
    about = (
        f"{prose(Tables.__doc__)} A table has at most {ROW_LIMIT} rows, and `{OTHERS}` for the rest if there is more."
    )
    rows = [
        (code(name), f"[{ROWS[name].__name__}](#{ROWS[name].__name__.lower()})", prose(text))
        for name, text in descriptions(Tables).items()
    ]
    kinds = dict.fromkeys(ROWS.values())
    blocks = [f"### {kind.__name__}\n\n{prose(kind.__doc__)}\n\n{_fields(kind)}" for kind in kinds]
    return "\n".join((f"## tables\n\n{about}\n\n{table(('table', 'rows', 'what it holds'), rows)}", *blocks))
