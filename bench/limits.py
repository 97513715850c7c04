"""The bare limits, each as a process: `limits.py read FILE`, `limits.py scan FILE PARQUET`.

`scan` is DuckDB's plainest way from a combined log to the Parquet that mtc writes: its CSV reader, ten columns, no
filters, no checks, no accounting.
"""

import sys
from pathlib import Path

_COLUMNS = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(10))


def read(path: Path) -> None:
    """Read the file."""
    with path.open("rb") as stream:
        while stream.read(4 << 20):
            pass


def scan(path: Path, target: Path) -> None:
    """Scan the file into Parquet."""
    import duckdb  # noqa: PLC0415 - `read` is measured without it

    duckdb.connect().execute(
        f"COPY (SELECT * FROM read_csv('{path}', delim = ' ', quote = '\"', escape = '\\', header = false,"
        f" auto_detect = false, columns = {{{_COLUMNS}}}))"
        f" TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
    )


def main() -> None:
    """Do what was asked for."""
    match sys.argv[1:]:
        case ["read", path]:
            read(Path(path))
        case ["scan", path, target]:
            scan(Path(path), Path(target))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
