"""Tables of the embedded store, and how a file gets them.

Times are integers: microseconds since 1970 in UTC, so that they sort, compare exactly and cost nothing.
`PRAGMA user_version` is the number of steps of `_STEPS` a file has been through; later versions append a step.
"""

from __future__ import annotations

import sqlite3

from onboarding.errors import ConfigurationError

#: Marks the file as ours ("onbd"), so that a path that points to some other SQLite file is refused.
APPLICATION_ID = 0x6F6E6264

_STEPS = (
    """
    CREATE TABLE cases (
        n INTEGER PRIMARY KEY, case_id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, row BLOB NOT NULL);
    CREATE TABLE timeline (
        n INTEGER PRIMARY KEY, case_id TEXT NOT NULL, row BLOB NOT NULL);
    CREATE INDEX timeline_case ON timeline (case_id, n);
    CREATE TABLE due (
        case_id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX due_at ON due (at, case_id);
    CREATE TABLE search (
        n INTEGER PRIMARY KEY, case_id TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL,
        reason_code TEXT, status TEXT NOT NULL, recoverable TEXT NOT NULL, display_name TEXT NOT NULL,
        employee_id TEXT, user_principal_name TEXT, start_date TEXT, next_what TEXT NOT NULL,
        next_when INTEGER, updated_at INTEGER NOT NULL, words TEXT NOT NULL, ids TEXT NOT NULL);
    CREATE INDEX search_recent ON search (updated_at, n);
    CREATE INDEX search_state ON search (state);
    CREATE INDEX search_status ON search (status);
    CREATE INDEX search_source ON search (source);
    CREATE INDEX search_reason ON search (reason_code);
    CREATE TABLE words (
        word TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (word, n)) WITHOUT ROWID;
    CREATE INDEX words_case ON words (n, word);
    CREATE TABLE ids (
        value TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (value, n)) WITHOUT ROWID;
    CREATE INDEX ids_case ON ids (n, value);
    CREATE TABLE aliases (
        source TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, case_id TEXT NOT NULL,
        PRIMARY KEY (source, kind, value)) WITHOUT ROWID;
    CREATE INDEX aliases_value ON aliases (value);
    CREATE TABLE markers (
        name TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE operations (
        operation_id TEXT PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE pings (
        n INTEGER PRIMARY KEY CHECK (n = 1), count INTEGER NOT NULL);
    CREATE TABLE deliveries (
        delivery_id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, received_at INTEGER NOT NULL,
        status TEXT NOT NULL, source TEXT NOT NULL, row BLOB NOT NULL, body BLOB);
    CREATE INDEX deliveries_recent ON deliveries (received_at, delivery_id);
    CREATE INDEX deliveries_status ON deliveries (status, received_at, delivery_id);
    CREATE INDEX deliveries_source ON deliveries (source, received_at, delivery_id);
    CREATE TABLE messages (
        n INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, visible_at INTEGER NOT NULL,
        inserted_at INTEGER NOT NULL, dequeue_count INTEGER NOT NULL, lease INTEGER NOT NULL,
        body TEXT NOT NULL);
    CREATE INDEX messages_visible ON messages (queue, visible_at, n);
    """,
    # Retention looks for old bodies: by their own index, so that the rows that are kept longer cost nothing.
    """
    CREATE INDEX deliveries_bodies ON deliveries (status, received_at) WHERE body IS NOT NULL;
    """,
    # So that a row of the registration report that says the same again is known without reading the case.
    """
    ALTER TABLE search ADD COLUMN object_id TEXT;
    ALTER TABLE search ADD COLUMN seen TEXT;
    """,
    # Counters of the usage report, and the marks by which nothing is counted twice.
    """
    CREATE TABLE usage_marks (
        week TEXT NOT NULL, part INTEGER NOT NULL, kind TEXT NOT NULL, mark TEXT NOT NULL,
        PRIMARY KEY (week, part, kind, mark)) WITHOUT ROWID;
    CREATE TABLE usage_counts (
        week TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, part INTEGER NOT NULL,
        people INTEGER NOT NULL, counts BLOB NOT NULL,
        PRIMARY KEY (week, kind, name, part)) WITHOUT ROWID;
    """,
)
VERSION = len(_STEPS)


def prepare(connection: sqlite3.Connection) -> None:
    """Create or lift the tables. Safe when several processes open a new file at once.

    Raises ConfigurationError for a file that is not ours or was written by a newer version.
    """
    if inspect(connection) != VERSION:
        _lift(connection)


def inspect(connection: sqlite3.Connection) -> int:
    """The file's version; 0 for an empty file. Changes nothing; raises as `prepare` does."""
    # In a transaction, so that the three readings of a check are of one moment.
    connection.execute("BEGIN")
    try:
        return _check(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _lift(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in _STEPS[_check(connection) :]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _check(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise ConfigurationError(
            "ONBOARDING_STORE_PATH names a SQLite file of another program: choose another"
        )
    if version > VERSION:
        raise ConfigurationError(
            f"the file at ONBOARDING_STORE_PATH has version {version}, this program knows {VERSION}: "
            "run the newer program, or restore the copy made before it"
        )
    return int(version)
