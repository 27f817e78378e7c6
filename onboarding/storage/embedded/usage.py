"""UsageStore on SQLite: marks and counts of one call in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

import msgspec

from onboarding.domain.usage import Cell, Group, UsageEvent
from onboarding.ports import Page, UsageRow
from onboarding.storage import usage
from onboarding.storage.embedded.database import EmbeddedDatabase
from onboarding.storage.paging import make_key, page_size, walk_key

_WALK = "usage"
#: Where a walk goes over from marks to counts.
_MARKS, _COUNTS = "m", "c"
_START = ("", -1, "", "")


class EmbeddedUsageStore:
    """Counters of the usage report."""

    def __init__(self, database: EmbeddedDatabase) -> None:
        self._database = database

    async def count(self, person: str, groups: Sequence[Group], events: Sequence[UsageEvent]) -> int:
        """See UsageStore."""
        if not events:
            return 0
        return await self._database.write(lambda c: _count(c, person, groups, events))

    async def cells(self, weeks: Sequence[str], kind: str) -> list[Cell]:
        """See UsageStore."""

        def run(connection: sqlite3.Connection) -> list[Cell]:
            found: dict[tuple[str, str], Cell] = {}
            for week in weeks:
                for name, people, counts in connection.execute(
                    "SELECT name, people, counts FROM usage_counts WHERE week = ? AND kind = ? ORDER BY name",
                    (week, kind),
                ):
                    cell = found.setdefault((week, name), Cell(week, Group(kind, name)))
                    cell.people += people
                    for counter, number in usage.counts_of(counts).items():
                        cell.counts[counter] = cell.counts.get(counter, 0) + number
            return list(found.values())

        return await self._database.read(run)

    async def forget_marks(self, week: str, limit: int) -> int:
        """See UsageStore."""

        def run(connection: sqlite3.Connection) -> int:
            gone = connection.execute(
                "DELETE FROM usage_marks WHERE week = ?1 AND (part, kind, mark) IN"
                " (SELECT part, kind, mark FROM usage_marks WHERE week = ?1 LIMIT ?2)",
                (week, limit),
            )
            return gone.rowcount

        return await self._database.write(run)

    async def walk(self, page: str | None = None, size: int = 500) -> Page[UsageRow]:
        """See UsageStore."""
        (token,), wanted = walk_key(page, 1, kind=_WALK), page_size(size)
        table, after = (token[:1], json.loads(token[1:])) if token else (_MARKS, _START)
        rows: list[UsageRow] = []
        if table == _MARKS:
            rows = await self._database.read(lambda c: _marks(c, after, wanted))
            if len(rows) == wanted:
                last = rows[-1]
                return Page(rows, _token(_MARKS, last.week, last.part, usage.MARKS[last.kind], last.mark))
            after = _START
        rest = wanted - len(rows)
        counts = await self._database.read(lambda c: _counts(c, after, rest))
        rows += counts
        if len(counts) < rest:
            return Page(rows)
        last = counts[-1]
        return Page(rows, _token(_COUNTS, last.week, last.part, last.group.kind, last.group.name))

    async def restore(self, row: UsageRow) -> None:
        """See UsageStore."""

        def run(connection: sqlite3.Connection) -> None:
            if row.kind == usage.COUNT:
                _put(connection, Cell(row.week, row.group, row.people, row.counts), row.part)
            else:
                _mark(connection, row.week, row.part, usage.MARKS[row.kind], row.mark)

        await self._database.write(run)


def _token(table: str, *after: str | int) -> str:
    return make_key(table + json.dumps(after), kind=_WALK)


def _count(
    connection: sqlite3.Connection, person: str, groups: Sequence[Group], events: Sequence[UsageEvent]
) -> int:
    counted, part = 0, usage.part_of(person)
    for week, each in usage.by_week(events).items():
        fresh = [e for e in each if _mark(connection, week, part, usage.EVENT, usage.event_mark(e.id))]
        for group in groups if fresh else ():
            found = connection.execute(
                "SELECT people, counts FROM usage_counts WHERE week = ? AND kind = ? AND name = ? AND part = ?",
                (week, group.kind, group.name, part),
            ).fetchone()
            cell = Cell(week, group, *((found[0], usage.counts_of(found[1])) if found else ()))
            cell.people += _mark(connection, week, part, usage.PERSON, usage.person_mark(person, group))
            usage.add(cell.counts, fresh)
            _put(connection, cell, part)
        counted += len(fresh)
    return counted


def _mark(connection: sqlite3.Connection, week: str, part: int, kind: str, mark: str) -> bool:
    """True: it is new."""
    inserted = connection.execute(
        "INSERT INTO usage_marks (week, part, kind, mark) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (week, part, kind, mark),
    )
    return inserted.rowcount == 1


def _put(connection: sqlite3.Connection, cell: Cell, part: int) -> None:
    connection.execute(
        "INSERT INTO usage_counts (week, kind, name, part, people, counts) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (week, kind, name, part) DO UPDATE SET people = excluded.people, counts = excluded.counts",
        (cell.week, cell.group.kind, cell.group.name, part, cell.people, msgspec.json.encode(cell.counts)),
    )


def _marks(connection: sqlite3.Connection, after: Sequence[str | int], limit: int) -> list[UsageRow]:
    rows = connection.execute(
        "SELECT week, part, kind, mark FROM usage_marks WHERE (week, part, kind, mark) > (?, ?, ?, ?)"
        " ORDER BY week, part, kind, mark LIMIT ?",
        (*after, limit),
    )
    return [UsageRow(usage.KIND_OF_MARK[kind], week, part, mark) for week, part, kind, mark in rows]


def _counts(connection: sqlite3.Connection, after: Sequence[str | int], limit: int) -> list[UsageRow]:
    week, part, kind, name = after
    rows = connection.execute(
        "SELECT week, kind, name, part, people, counts FROM usage_counts WHERE (week, kind, name, part) > (?, ?, ?, ?)"
        " ORDER BY week, kind, name, part LIMIT ?",
        (week, kind, name, part, limit),
    )
    return [
        UsageRow(usage.COUNT, week, part, "", Group(kind, name), people, usage.counts_of(counts))
        for week, kind, name, part, people, counts in rows
    ]
