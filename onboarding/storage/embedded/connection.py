"""Connections of the embedded store, and SQLite's errors in our words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from pathlib import Path

from onboarding.errors import ConfigurationError, DeployerError, OnboardingError, Unavailable
from onboarding.storage.embedded.schema import inspect, prepare

#: How long a write waits for another process's transaction before it is Unavailable, in seconds.
BUSY_SECONDS = 5.0
MEMORY = ":memory:"
_creating = threading.Lock()

_ADVICE = {
    "SQLITE_BUSY": "another process holds the file; try again",
    "SQLITE_LOCKED": "another process holds the file; try again",
    "SQLITE_FULL": "the disk is full; make room",
    "SQLITE_READONLY": "the file or its folder is read-only; give the service write access",
    "SQLITE_CANTOPEN": "the file cannot be opened; check the folder of ONBOARDING_STORE_PATH and its rights",
    "SQLITE_IOERR": "the disk refuses to read or write; check it",
}


def translate(exc: BaseException) -> BaseException:
    """A library error as ours, by who has to act; anything else as it is. Texts hold no stored value."""
    if not isinstance(exc, sqlite3.Error) or isinstance(
        exc, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        return exc
    name = getattr(exc, "sqlite_errorname", "SQLITE_ERROR")
    if isinstance(exc, sqlite3.OperationalError):
        advice = next((text for code, text in _ADVICE.items() if name.startswith(code)), "try again")
        return _because(Unavailable(f"the embedded store does not answer ({name}): {advice}"), exc)
    return _because(
        DeployerError(
            f"the file at ONBOARDING_STORE_PATH is damaged ({name}): restore a copy", code="store_damaged"
        ),
        exc,
    )


def _because(error: OnboardingError, cause: BaseException) -> OnboardingError:
    error.__cause__ = cause
    return error


def _create(path: str) -> None:
    """Make the file, readable by its owner only, if it is not there. Never open one that is: closing any
    descriptor of a file gives up every lock that this process holds on it, and the next process to leave would
    take the log for its own and delete it (SQLite, "How To Corrupt An SQLite Database File", 2.2).
    """
    with _creating, contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def connect(path: str, *, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection in WAL mode with the tables in place. Only its owner may read the file (it holds people)."""
    if sqlite3.sqlite_version_info < (3, 35):
        raise ConfigurationError(f"SQLite 3.35 or newer is needed, this Python has {sqlite3.sqlite_version}")
    if path != MEMORY:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        _create(path)
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        inspect(connection)  # before the switch to WAL, which would change a file that is not ours
        _set_wal(connection, busy_seconds)
        # After a burst the log file shrinks again.
        connection.execute(f"PRAGMA journal_size_limit = {64 * 2**20}")
        # Erased values do not stay readable in the pages that are rewritten anyway.
        connection.execute("PRAGMA secure_delete = FAST")
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _set_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to WAL. The switch ignores the busy timeout while another process switches too: try again."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as exc:
            if not exc.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
