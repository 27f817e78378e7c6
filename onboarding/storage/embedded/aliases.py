"""Statements on alias rows: (source, kind, value) → case. Each runs in the transaction of its caller."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from onboarding.domain.case import Alias, AliasKind
from onboarding.errors import StoreConflict

#: Values in one IN list; SQLite's oldest limit for parameters is 999.
_CHUNK = 500


def claim(connection: sqlite3.Connection, alias: Alias, case_id: str) -> str:
    """Insert if absent; the owner."""
    connection.execute(
        "INSERT INTO aliases (source, kind, value, case_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (alias.source, alias.kind.value, alias.value, case_id),
    )
    (owner,) = connection.execute(
        "SELECT case_id FROM aliases WHERE source = ? AND kind = ? AND value = ?",
        (alias.source, alias.kind.value, alias.value),
    ).fetchone()
    return str(owner)


def release(connection: sqlite3.Connection, alias: Alias, case_id: str) -> None:
    """Remove if owned by `case_id`."""
    connection.execute(
        "DELETE FROM aliases WHERE source = ? AND kind = ? AND value = ? AND case_id = ?",
        (alias.source, alias.kind.value, alias.value, case_id),
    )


def move(connection: sqlite3.Connection, alias: Alias, from_case: str, to_case: str) -> None:
    """Change the owner; StoreConflict if `from_case` does not own it."""
    changed = connection.execute(
        "UPDATE aliases SET case_id = ? WHERE source = ? AND kind = ? AND value = ? AND case_id = ?",
        (to_case, alias.source, alias.kind.value, alias.value, from_case),
    )
    if changed.rowcount != 1:
        raise StoreConflict("the alias belongs to another case by now: look its owner up again")


def owners(connection: sqlite3.Connection, aliases: Sequence[Alias]) -> dict[Alias, str]:
    """Owners of those that exist, `_CHUNK` values of one source and kind a query."""
    groups: dict[tuple[str, AliasKind], set[str]] = defaultdict(set)
    for alias in aliases:
        groups[alias.source, alias.kind].add(alias.value)
    found: dict[Alias, str] = {}
    for (source, kind), group in groups.items():
        values = sorted(group)
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            rows = connection.execute(
                f"SELECT value, case_id FROM aliases WHERE source = ? AND kind = ? AND value IN ({marks})",  # noqa: S608
                (source, kind.value, *chunk),
            )
            found.update((Alias(source, kind, value), owner) for value, owner in rows)
    return found


def find(connection: sqlite3.Connection, value: str) -> list[tuple[Alias, str]]:
    """Every alias with this value."""
    rows = connection.execute(
        "SELECT source, kind, value, case_id FROM aliases WHERE value = ? ORDER BY source, kind", (value,)
    )
    return [(Alias(source, AliasKind(kind), value), owner) for source, kind, value, owner in rows]


def walk(connection: sqlite3.Connection, after: Sequence[str], limit: int) -> list[tuple[Alias, str]]:
    """Aliases after (source, kind, value), in that order."""
    rows = connection.execute(
        "SELECT source, kind, value, case_id FROM aliases WHERE (source, kind, value) > (?, ?, ?)"
        " ORDER BY source, kind, value LIMIT ?",
        (*after, limit),
    )
    return [(Alias(source, AliasKind(kind), value), owner) for source, kind, value, owner in rows]
