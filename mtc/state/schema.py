"""The tables of the state file, as a literal list of migrations from one version to the next.

A released migration is never edited: each change of the tables is a new one. No row is read or written here.
"""

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x6D746373  # "mtcs", in the file's header: distinguishes a state file from other SQLite files

# Texts from outside (keys, paths, errors) may be BLOBs where UTF-8 cannot encode them: see rows.py.
_V1: tuple[str, ...] = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        manifest TEXT NOT NULL,
        command TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,                        -- NULL: under way, or killed
        exit_code INTEGER,                 -- NULL with an end: found killed by a later run
        counts TEXT NOT NULL DEFAULT '{}'
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE steps (
        id INTEGER PRIMARY KEY,
        site TEXT NOT NULL,
        stage TEXT NOT NULL CHECK (stage IN ('import', 'stat', 'csv')),
        day TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('planned', 'running', 'done', 'empty', 'failed', 'blocked')),
        fingerprint TEXT NOT NULL DEFAULT '',
        settings TEXT NOT NULL DEFAULT '{}',
        inputs TEXT NOT NULL DEFAULT '{}',
        outputs TEXT NOT NULL DEFAULT '[]',
        accounting TEXT,
        figures TEXT NOT NULL DEFAULT '{}',
        notes TEXT NOT NULL DEFAULT '[]',
        error TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        finished TEXT,
        checked TEXT,
        UNIQUE (site, stage, day)
    )
    """,
    """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        step INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
        run TEXT NOT NULL REFERENCES runs,
        number INTEGER NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        outcome TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX attempts_step ON attempts (step)",
    "CREATE INDEX attempts_open ON attempts (run) WHERE ended IS NULL",
    """
    CREATE TABLE objects (
        id INTEGER PRIMARY KEY,
        step INTEGER NOT NULL REFERENCES steps ON DELETE CASCADE,
        key TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified INTEGER NOT NULL,
        object_id TEXT NOT NULL,
        content TEXT NOT NULL,
        format TEXT NOT NULL,
        accounting TEXT NOT NULL,
        archived TEXT NOT NULL DEFAULT '',
        made_with TEXT NOT NULL DEFAULT '',
        UNIQUE (step, key)
    )
    """,
    """
    CREATE TABLE parts (
        object INTEGER NOT NULL REFERENCES objects ON DELETE CASCADE,
        site TEXT NOT NULL,
        day TEXT NOT NULL,
        file TEXT NOT NULL,
        object_id TEXT NOT NULL,
        hits INTEGER NOT NULL,
        UNIQUE (object, site, day, file, object_id)
    )
    """,
    "CREATE INDEX parts_file ON parts (file)",
    "CREATE INDEX parts_day ON parts (site, day)",
    "CREATE TABLE csv_outputs (path TEXT PRIMARY KEY, size INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID",
)

# What was sent to Matomo. These rows outlive their steps and objects: forgetting a step removes nothing from Matomo.
# Batches exist only while a delivery is open.
_V2: tuple[str, ...] = (
    """
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY,
        site TEXT NOT NULL,                -- with the day: the import step
        day TEXT NOT NULL,
        number INTEGER NOT NULL,
        server TEXT NOT NULL,
        site_id INTEGER NOT NULL,
        uid TEXT NOT NULL,
        lanes INTEGER NOT NULL,
        size INTEGER NOT NULL,
        until TEXT NOT NULL,
        hits INTEGER NOT NULL,
        unsendable INTEGER NOT NULL,
        invalid INTEGER NOT NULL DEFAULT 0,
        status TEXT NOT NULL CHECK (status IN ('open', 'done', 'given up')),
        made TEXT NOT NULL,
        ended TEXT,
        UNIQUE (site, day, number)
    )
    """,
    """
    CREATE TABLE delivered (
        delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
        key TEXT NOT NULL,
        version TEXT NOT NULL,
        object_id TEXT NOT NULL,
        made_with TEXT NOT NULL,
        account TEXT NOT NULL,
        taken_back TEXT,                   -- when an operator's word let the hits be sent again
        UNIQUE (delivery, key)
    )
    """,
    """
    CREATE TABLE batches (
        delivery INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
        lane INTEGER NOT NULL,
        number INTEGER NOT NULL,
        hits INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('planned', 'sending', 'in doubt', 'recorded')),
        moved TEXT,
        places TEXT,                       -- of the hits still to be sent; NULL: all
        invalid INTEGER NOT NULL DEFAULT 0,
        refused TEXT NOT NULL DEFAULT '[]',
        PRIMARY KEY (delivery, lane, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE acceptances (
        id INTEGER PRIMARY KEY,
        site TEXT NOT NULL,
        day TEXT NOT NULL,
        run TEXT NOT NULL,
        at TEXT NOT NULL,
        keys TEXT NOT NULL
    )
    """,
)

# The digest of a log's lines, the same for copies; '' for an object of an older mtc, and for an empty one.
_TEXTS: tuple[str, ...] = (
    "ALTER TABLE objects ADD COLUMN text TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE delivered ADD COLUMN text TEXT NOT NULL DEFAULT ''",
)

# The digest of a part, to see whether it is as it was written, and the recipe that an object was loaded by.
_DIGESTS: tuple[str, ...] = (
    "ALTER TABLE parts ADD COLUMN digest TEXT",  # SHA-256 of the file; NULL: not known yet
    "ALTER TABLE objects ADD COLUMN recipe INTEGER NOT NULL DEFAULT 1",
)

# Where in a growing log an object lies, as JSON; NULL: it is a whole file.
_SLICES: tuple[str, ...] = ("ALTER TABLE objects ADD COLUMN slice TEXT",)

Migrations = Sequence[Sequence[str]]

MIGRATIONS: tuple[tuple[str, ...], ...] = (_V1, _V2, _TEXTS, _DIGESTS, _SLICES)  # MIGRATIONS[n] leads from n to n + 1
VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables in a file; 0 for a new file."""
    row: tuple[int] = connection.execute("PRAGMA user_version").fetchone()
    return row[0]


def migrate(connection: sqlite3.Connection, migrations: Migrations = MIGRATIONS) -> None:
    """Migrate the tables to the newest version, with a transaction for each migration.

    The connection must be in autocommit mode. Foreign keys are off meanwhile, as SQLite's documentation on changing
    tables requires, and are checked before each commit (https://sqlite.org/lang_altertable.html#otheralter).
    """
    connection.execute("PRAGMA foreign_keys = OFF")
    for version in range(version_of(connection), len(migrations)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            _advance(connection, version, migrations[version])
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    connection.execute("PRAGMA foreign_keys = ON")


def _advance(connection: sqlite3.Connection, version: int, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.execute(statement)
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise sqlite3.IntegrityError(f"the migration from version {version} breaks a foreign key")
    connection.execute(f"PRAGMA user_version = {version + 1:d}")
