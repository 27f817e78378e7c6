"""CaseStore on SQLite: the case, its timeline, due row and search row in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from onboarding.domain.case import Alias, Case
from onboarding.domain.case_rows import decode, encode
from onboarding.domain.records import TimelineEntry
from onboarding.errors import StoreConflict, Unavailable
from onboarding.ports import CaseQuery, CaseSummary, DueRow, Marker, Operation, Page, Swept
from onboarding.storage.embedded import aliases, search
from onboarding.storage.embedded.database import EmbeddedDatabase, ping
from onboarding.storage.paging import make_key, make_token, page_size, walk_key, walk_start
from onboarding.storage.rows import damaged, pack, unpack, version_of
from onboarding.storage.times import micros, moment

_WALK, _ALIASES = "walk", "aliases"


@dataclass(frozen=True, slots=True)
class _Row:
    """Everything one save writes, taken from the case before the first await."""

    case_id: str
    row: bytes
    search: search.SearchRow | None
    due: int | None
    timeline: list[bytes]

    @classmethod
    def of(cls, case: Case, timeline: Sequence[TimelineEntry]) -> _Row:
        when = case.wakes_at
        return cls(
            case.case_id,
            encode(case),
            search.SearchRow.of(case) if case.listed else None,
            None if when is None else micros(when),
            [pack(entry) for entry in timeline],
        )

    def write_around(self, connection: sqlite3.Connection, n: int) -> None:
        """Due row, search row and timeline."""
        if self.due is None:
            connection.execute("DELETE FROM due WHERE case_id = ?", (self.case_id,))
        else:
            connection.execute(
                "INSERT INTO due (case_id, at) VALUES (?, ?) ON CONFLICT (case_id) DO UPDATE SET at = excluded.at",
                (self.case_id, self.due),
            )
        search.write(connection, n, self.search)
        for entry in self.timeline:
            connection.execute("INSERT INTO timeline (case_id, row) VALUES (?, ?)", (self.case_id, entry))


class EmbeddedCaseStore:
    """Cases with aliases, due index, search rows, timeline, markers and operations."""

    def __init__(self, database: EmbeddedDatabase) -> None:
        self._database = database

    async def create(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """See CaseStore."""
        row = _Row.of(case, timeline)

        def run(connection: sqlite3.Connection) -> None:
            inserted = connection.execute(
                "INSERT INTO cases (case_id, version, row) VALUES (?, 1, ?) ON CONFLICT DO NOTHING",
                (row.case_id, row.row),
            )
            if inserted.rowcount != 1:
                raise StoreConflict("a case with this id exists already: load it")
            row.write_around(connection, int(inserted.lastrowid or 0))

        await self._database.write(run)
        case.etag = "1"
        return case

    async def get(self, case_id: str) -> Case | None:
        """See CaseStore. DeployerError `store_damaged` for a row that cannot be read."""
        found = await self._database.look(
            lambda c: c.execute("SELECT row, version FROM cases WHERE case_id = ?", (case_id,)).fetchone()
        )
        if found is None:
            return None
        with damaged("case", case_id):
            return decode(found[0], str(found[1]))

    async def there(self, case_ids: Collection[str]) -> set[str]:
        """See CaseStore."""
        asked = json.dumps(sorted(case_ids))
        sql = "SELECT case_id FROM cases WHERE case_id IN (SELECT value FROM json_each(?))"
        return set(await self._database.read(lambda c: [row[0] for row in c.execute(sql, (asked,))]))

    async def save(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """See CaseStore."""
        row = _Row.of(case, timeline)
        version = version_of(case.etag)

        def run(connection: sqlite3.Connection) -> None:
            found = connection.execute(
                "UPDATE cases SET row = ?, version = version + 1 WHERE case_id = ? AND version = ? RETURNING n",
                (row.row, row.case_id, version),
            ).fetchall()
            if not found:
                raise StoreConflict("the case was changed by somebody else: load it again")
            row.write_around(connection, found[0][0])

        await self._database.write(run)
        case.etag = str(version + 1)
        return case

    async def timeline(self, case_id: str, limit: int = 500) -> list[TimelineEntry]:
        """See CaseStore."""
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT row FROM timeline WHERE case_id = ? ORDER BY n DESC LIMIT ?", (case_id, max(limit, 0))
            ).fetchall()
        )
        with damaged("timeline of case", case_id):
            return [unpack(row, TimelineEntry) for (row,) in reversed(rows)]

    async def claim_alias(self, alias: Alias, case_id: str) -> str:
        """See CaseStore."""
        return await self._database.write(lambda c: aliases.claim(c, alias, case_id))

    async def release_alias(self, alias: Alias, case_id: str) -> None:
        """See CaseStore."""
        await self._database.write(lambda c: aliases.release(c, alias, case_id))

    async def move_alias(self, alias: Alias, from_case: str, to_case: str) -> None:
        """See CaseStore."""
        await self._database.write(lambda c: aliases.move(c, alias, from_case, to_case))

    async def owners(self, wanted: Sequence[Alias]) -> dict[Alias, str]:
        """See CaseStore."""
        return await self._database.look(lambda c: aliases.owners(c, wanted))

    async def find_aliases(self, value: str) -> list[tuple[Alias, str]]:
        """See CaseStore."""
        return await self._database.look(lambda c: aliases.find(c, value))

    async def due(self, before: datetime, limit: int) -> list[DueRow]:
        """See CaseStore."""
        bound = micros(before)
        rows = await self._database.look(
            lambda c: c.execute(
                "SELECT case_id, at FROM due WHERE at <= ? ORDER BY at, case_id LIMIT ?",
                (bound, max(limit, 0)),
            ).fetchall()
        )
        return [DueRow(case_id, moment(at)) for case_id, at in rows]

    async def postpone(self, row: DueRow, until: datetime) -> bool:
        """See CaseStore."""
        values = (micros(until), row.case_id, micros(row.when))
        changed = await self._database.write(
            lambda c: c.execute("UPDATE due SET at = ? WHERE case_id = ? AND at = ?", values).rowcount
        )
        return changed == 1

    async def walk(self, page: str | None = None, size: int = 200) -> Page[Case]:
        """See CaseStore."""
        rows, token = await self._walk("SELECT n, row, version, case_id FROM cases", "n", page, size)
        cases = []
        for _, row, version, case_id in rows:
            with damaged("case", case_id):
                cases.append(decode(row, str(version)))
        return Page(cases, token)

    async def walk_aliases(self, page: str | None = None, size: int = 500) -> Page[tuple[Alias, str]]:
        """See CaseStore."""
        after, size = walk_key(page, kind=_ALIASES), page_size(size)
        rows = await self._database.read(lambda c: aliases.walk(c, after, size + 1))
        token = None
        if len(rows) > size:
            last = rows[size - 1][0]
            token = make_key(last.source, last.kind.value, last.value, kind=_ALIASES)
        return Page(rows[:size], token)

    async def walk_markers(self, page: str | None = None, size: int = 500) -> Page[tuple[str, Marker]]:
        """See CaseStore."""
        rows, token = await self._walk_names("SELECT name, value, version FROM markers", "name", page, size)
        markers = []
        for name, value, version in rows:
            with damaged("marker", name):
                markers.append((name, Marker(msgspec.json.decode(value, type=dict[str, Any]), str(version))))
        return Page(markers, token)

    async def walk_operations(self, page: str | None = None, size: int = 500) -> Page[Operation]:
        """See CaseStore."""
        sql = "SELECT operation_id, row FROM operations"
        rows, token = await self._walk_names(sql, "operation_id", page, size)
        operations = []
        for operation_id, row in rows:
            with damaged("operation", operation_id):
                operations.append(unpack(row, Operation))
        return Page(operations, token)

    async def _walk(
        self, select: str, key: str, page: str | None, size: int
    ) -> tuple[list[tuple[Any, ...]], str | None]:
        after, size = walk_start(_WALK, page), page_size(size)
        sql = f"{select} WHERE {key} > ? ORDER BY {key} LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(sql, (after, size + 1)).fetchall())
        token = make_token(_WALK, 0, rows[size - 1][0]) if len(rows) > size else None
        return rows[:size], token

    async def _walk_names(
        self, select: str, key: str, page: str | None, size: int
    ) -> tuple[list[tuple[Any, ...]], str | None]:
        (after,), size = walk_key(page, 1, kind=key), page_size(size)
        where, values = (f"WHERE {key} > ?", (after,)) if page else ("", ())
        sql = f"{select} {where} ORDER BY {key} LIMIT ?"
        rows = await self._database.read(lambda c: c.execute(sql, (*values, size + 1)).fetchall())
        token = make_key(rows[size - 1][0], kind=key) if len(rows) > size else None
        return rows[:size], token

    async def mend(self, case: Case) -> tuple[str, ...]:
        """See CaseStore. Here a write is one transaction: there is nothing to mend."""
        return ()

    async def sweep(self, page: str | None = None, size: int = 500) -> Swept:
        """See CaseStore. Here a hint cannot be orphaned."""
        return Swept(0)

    async def erase(self, case: Case) -> None:
        """See CaseStore."""
        case_id, version = case.case_id, version_of(case.etag)

        def run(connection: sqlite3.Connection) -> None:
            found = connection.execute(
                "DELETE FROM cases WHERE case_id = ? AND version = ? RETURNING n", (case_id, version)
            ).fetchall()
            if not found:
                raise StoreConflict("the case was changed by somebody else: load it again")
            search.write(connection, found[0][0], None)
            connection.execute("DELETE FROM timeline WHERE case_id = ?", (case_id,))
            connection.execute("DELETE FROM due WHERE case_id = ?", (case_id,))

        await self._database.write(run)

    async def search(self, query: CaseQuery, page: str | None = None, size: int = 50) -> Page[CaseSummary]:
        """See CaseStore."""
        return await self._database.read(lambda c: search.search(c, query, page, size))

    async def counts(self) -> dict[str, int]:
        """See CaseStore."""
        return await self._database.read(
            lambda c: dict(c.execute("SELECT state, count(*) FROM search GROUP BY state").fetchall())
        )

    async def read_marker(self, name: str) -> Marker | None:
        """See CaseStore."""
        found = await self._database.look(
            lambda c: c.execute("SELECT value, version FROM markers WHERE name = ?", (name,)).fetchone()
        )
        if found is None:
            return None
        with damaged("marker", name):
            return Marker(msgspec.json.decode(found[0], type=dict[str, Any]), str(found[1]))

    async def write_marker(self, name: str, value: Mapping[str, Any], etag: str | None) -> Marker:
        """See CaseStore."""
        text = msgspec.json.encode(dict(value)).decode()
        version = 0 if etag is None else version_of(etag)

        def run(connection: sqlite3.Connection) -> None:
            if etag is None:
                sql = "INSERT INTO markers (value, name, version) VALUES (?, ?, ? + 1) ON CONFLICT DO NOTHING"
            else:
                sql = "UPDATE markers SET value = ?, version = version + 1 WHERE name = ? AND version = ?"
            if connection.execute(sql, (text, name, version)).rowcount != 1:
                raise StoreConflict("the marker was changed by somebody else: read it again")

        await self._database.write(run)
        return Marker(msgspec.json.decode(text, type=dict[str, Any]), str(version + 1))

    async def put_operation(self, operation: Operation) -> None:
        """See CaseStore."""
        values = (operation.operation_id, pack(operation))
        await self._database.write(
            lambda c: c.execute("INSERT OR REPLACE INTO operations (operation_id, row) VALUES (?, ?)", values)
        )

    async def get_operation(self, operation_id: str) -> Operation | None:
        """See CaseStore."""
        found = await self._database.look(
            lambda c: c.execute(
                "SELECT row FROM operations WHERE operation_id = ?", (operation_id,)
            ).fetchone()
        )
        if found is None:
            return None
        with damaged("operation", operation_id):
            return unpack(found[0], Operation)

    async def ping(self) -> None:
        """See CaseStore."""
        written = await self._database.write(ping, lasting=False)
        read = await self._database.read(lambda c: c.execute("SELECT count FROM pings").fetchone())
        if read is None or read[0] < written:
            raise Unavailable("the embedded store does not give back what was written: check the disk")
