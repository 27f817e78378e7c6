"""Databases in memory with their tables from a copy: thousands of tests have one each, and making the tables is most of
what that takes. The tests of the schema have files."""

from __future__ import annotations

import sqlite3

from onboarding.storage.embedded import connection
from onboarding.storage.embedded.schema import prepare

_copy: bytes | None = None


def _prepare(opened: sqlite3.Connection) -> None:
    global _copy
    in_memory = not opened.execute("PRAGMA database_list").fetchone()[2]
    if in_memory and _copy is not None:
        opened.deserialize(_copy)
        return
    prepare(opened)
    if in_memory:
        _copy = opened.serialize()


def quick() -> None:
    """From now on, in this process."""
    vars(connection)["prepare"] = _prepare
