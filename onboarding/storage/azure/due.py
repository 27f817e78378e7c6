"""The due index: one partition, sorted by time; a pointer in the case's own partition says which row is true.

A row is a hint. It is written before the pointer names it, and removed after the pointer names another, so that a
death in between leaves a row too many, never one too few. Every row of a case has a version of its own: nobody
can remove a row that somebody else is about to make true. Rows behind the pointer's version are removed when they
come up; a row ahead of it belongs to a write that is under way, or to one that died, and waits to be overtaken.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from azure.data.tables import TableTransactionError

from onboarding.ports import DueRow
from onboarding.storage import names
from onboarding.storage.azure import keys, rows, tables
from onboarding.storage.azure.connection import Connection, code_of
from onboarding.storage.azure.rows import Pointer
from onboarding.storage.times import micros, moment

_PARTITION = "due"
#: Pages that are read where leftovers stand before what is due.
_ROUNDS = 50
#: A row whose case does not exist: after this long, by the account's own time, it is no case that is just being made.
ABANDONED = timedelta(hours=1)


class DueIndex:
    """Due rows of one store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, case_id: str, at: int, version: int) -> None:
        """Write a row (microseconds since 1970)."""
        row = {"PartitionKey": _PARTITION, "RowKey": _key(moment(at), case_id, version)}
        await tables.upsert(self._connection, names.DUE, row)

    async def drop(self, case_id: str, at: int, version: int) -> None:
        """Remove a row, which may be gone."""
        await tables.remove(self._connection, names.DUE, _PARTITION, _key(moment(at), case_id, version))

    async def has(self, case_id: str, at: int, version: int) -> bool:
        """True if the row is there."""
        key = _key(moment(at), case_id, version)
        return await tables.point(self._connection, names.DUE, _PARTITION, key) is not None

    async def pointer(self, case_id: str) -> Pointer:
        """The case's pointer."""
        return Pointer.of(await tables.point(self._connection, names.CASES, case_id, rows.DUE))

    async def due(self, before: datetime, limit: int) -> list[DueRow]:
        """See CaseStore. One range of one partition, and one look at the case of each row."""
        items: list[DueRow] = []
        after = ""
        for _ in range(_ROUNDS):
            found = await tables.scan(
                self._connection,
                names.DUE,
                "PartitionKey eq @p and RowKey gt @after and RowKey lt @end",
                limit,
                p=_PARTITION,
                after=after,
                end=keys.rising(before) + "`",  # after the underscore: everything at this very time is in
            )
            true = await tables.together(self._is_true(row) for row in found)
            parsed = [_parse(row["RowKey"]) for row in found]
            pairs = zip(parsed, true, strict=True)
            items += [DueRow(case_id, when) for (when, case_id, _), ok in pairs if ok]
            if len(items) >= limit or len(found) < limit or not found:
                break
            after = found[-1]["RowKey"]
        return items[:limit]

    async def _is_true(self, row: Any) -> bool:
        when, case_id, version = _parse(row["RowKey"])
        pointer = await self.pointer(case_id)
        if (pointer.at, pointer.version) == (micros(when), version):
            return True
        if version <= pointer.version or (not pointer.etag and self._connection.is_old(row, ABANDONED)):
            await self.drop(case_id, micros(when), version)
        return False

    async def postpone(self, row: DueRow, until: datetime) -> bool:
        """See CaseStore."""
        old, new = micros(row.when), micros(until)
        pointer = await self.pointer(row.case_id)
        if pointer.at != old:
            return False
        await self.put(row.case_id, new, pointer.version + 1)
        try:
            await tables.commit(self._connection, names.CASES, [pointer.operation(row.case_id, new)])
        except TableTransactionError as exc:
            if code_of(exc) not in {"UpdateConditionNotSatisfied", "ResourceNotFound"}:
                raise
            await self.withdraw(row.case_id, new, pointer.version + 1)
            return False
        await self.drop(row.case_id, old, pointer.version)
        return True

    async def withdraw(self, case_id: str, at: int, version: int) -> None:
        """Remove a row that was written for a pointer which somebody else moved first, unless it is theirs too."""
        pointer = await self.pointer(case_id)
        if (pointer.at, pointer.version) != (at, version):
            await self.drop(case_id, at, version)


def _key(when: datetime, case_id: str, version: int) -> str:
    return f"{keys.rising(when)}_{case_id}~{version}"


def _parse(key: str) -> tuple[datetime, str, int]:
    case_id, _, version = keys.owner(key).rpartition("~")
    return keys.risen(key), case_id, int(version)
