"""Every error of the embedded database gets an error class and a message."""

from pathlib import Path

import duckdb
import pytest

from mtc.core.database import connect, explain_database_error
from mtc.core.errors import PermanentError, TransientError


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate"), PermanentError, "needs more memory"),
        (
            duckdb.OutOfMemoryException("max_temp_directory_size"),
            PermanentError,
            "no space left on the disk",
        ),
        (duckdb.IOException("IO Error: No space left on device"), PermanentError, "no space left on the disk"),
        (duckdb.IOException("IO Error: Could not read"), TransientError, "reading or writing failed"),
        (duckdb.PermissionException("Permission Error: x"), PermanentError, "may not be read or written"),
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), TransientError, "was interrupted"),
        (duckdb.InvalidInputException("Invalid Input Error: x"), PermanentError, "the data could not be read"),
        (duckdb.ConversionException("Conversion Error: x"), PermanentError, "the data could not be read"),
        (duckdb.OutOfRangeException("Out of Range Error: x"), PermanentError, "the data could not be read"),
        (duckdb.InternalException("INTERNAL Error: x"), PermanentError, "the embedded database refused"),
        (duckdb.BinderException("Binder Error: x\nLINE 1: SELECT 1"), PermanentError, "the embedded database refused"),
        (duckdb.Error(""), PermanentError, "the embedded database refused"),
    ],
)
def test_an_error_has_its_class(error: duckdb.Error, kind: type[Exception], what: str) -> None:
    """Transient errors are retried, a missing resource is named, and the message is one line without the query."""
    told = explain_database_error(error, "a.log")
    assert isinstance(told, kind)
    assert what in told.what
    assert told.where == "a.log"
    assert "LINE 1" not in str(told)


def test_data_errors_of_the_database_have_their_class(tmp_path: Path) -> None:
    """Conversion and range errors are tested as the database raises them."""
    for query in ("SELECT CAST('x' AS INTEGER)", "SELECT 200::TINYINT", "SELECT chr(-1)"):
        with connect("100MB", tmp_path) as connection, pytest.raises(duckdb.Error) as raised:
            connection.execute(query).fetchall()
        assert "the data could not be read" in explain_database_error(raised.value, "a.log").what
