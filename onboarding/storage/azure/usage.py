"""UsageStore on Azure Tables: marks and counts of a week are rows of one partition, so one transaction holds them all.

A week has `usage.PARTS` partitions, by the person, so that several readers do not wait for one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from azure.data.tables import TableTransactionError

from onboarding.domain.usage import Cell, Group, UsageEvent
from onboarding.errors import StoreConflict
from onboarding.ports import Page, UsageRow
from onboarding.storage import names, usage
from onboarding.storage.azure import keys, tables
from onboarding.storage.azure.connection import Connection, code_of
from onboarding.storage.paging import make_key, page_size, walk_key
from onboarding.storage.rows import damaged

#: Events of one transaction: beside them it holds two rows for each group.
_EVENTS = 80
_TRIES = 20
_LOST = {"EntityAlreadyExists", "UpdateConditionNotSatisfied", "ResourceNotFound"}
#: Row keys begin with the kind: `c_` counts, `e_` events, `p_` people. Marks are what sorts after this.
_AFTER_COUNTS = "d"
_TABLE = names.USAGE


class AzureUsageStore:
    """Counters of the usage report."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def count(self, person: str, groups: Sequence[Group], events: Sequence[UsageEvent]) -> int:
        """See UsageStore. 80 events of a week at a time, which happen whole or not at all."""
        counted = 0
        for week, each in usage.by_week(events).items():
            for start in range(0, len(each), _EVENTS):
                counted += await self._count(week, person, groups, each[start : start + _EVENTS])
        return counted

    async def _count(
        self, week: str, person: str, groups: Sequence[Group], events: Sequence[UsageEvent]
    ) -> int:
        partition = _partition(week, usage.part_of(person))
        for _ in range(_TRIES):
            fresh = await self._fresh(partition, events)
            if not fresh:
                return 0
            operations = [tables.create(_mark(partition, usage.EVENT, mark)) for mark in fresh]
            for changes in await tables.together(
                self._changes(partition, week, person, group, list(fresh.values())) for group in groups
            ):
                operations += changes
            try:
                await tables.commit(self._connection, _TABLE, operations)
            except TableTransactionError as exc:
                if code_of(exc) not in _LOST:
                    raise
                continue  # somebody counted in this partition meanwhile
            return len(fresh)
        raise StoreConflict("the usage counters are being written without a pause: it is tried again")

    async def _fresh(self, partition: str, events: Sequence[UsageEvent]) -> dict[str, UsageEvent]:
        """Mark → event, of those without a mark."""
        marked = {usage.event_mark(event.id): event for event in events}
        there = await tables.together(self._there(partition, f"{usage.EVENT}_{mark}") for mark in marked)
        return {mark: event for (mark, event), known in zip(marked.items(), there, strict=True) if not known}

    async def _there(self, partition: str, row: str) -> bool:
        return await tables.point(self._connection, _TABLE, partition, row, select=["RowKey"]) is not None

    async def _changes(
        self, partition: str, week: str, person: str, group: Group, events: Sequence[UsageEvent]
    ) -> list[tables.Operation]:
        mark = usage.person_mark(person, group)
        row = await tables.point(self._connection, _TABLE, partition, _key(group))
        known = await self._there(partition, f"{usage.PERSON}_{mark}")
        cell = _cell(row) if row is not None else Cell(week, group)
        usage.add(cell.counts, events)
        cell.people += not known
        entity = _entity(partition, cell)
        changes = [
            tables.create(entity) if row is None else tables.replace(entity, str(row.metadata["etag"]))
        ]
        return changes if known else [*changes, tables.create(_mark(partition, usage.PERSON, mark))]

    async def cells(self, weeks: Sequence[str], kind: str) -> list[Cell]:
        """See UsageStore. One range for each week and part."""
        start = f"c_{kind}_"
        ranges = await tables.together(
            tables.scan(
                self._connection, _TABLE, "PartitionKey eq @p and RowKey ge @a and RowKey lt @z", None,
                p=_partition(week, part), a=start, z=start[:-1] + "`",
            )
            for week in weeks
            for part in range(usage.PARTS)
        )  # fmt: skip
        found: dict[tuple[str, Group], Cell] = {}
        for row in (row for rows in ranges for row in rows):
            cell = _cell(row)
            whole = found.setdefault((cell.week, cell.group), Cell(cell.week, cell.group))
            whole.people += cell.people
            for name, count in cell.counts.items():
                whole.counts[name] = whole.counts.get(name, 0) + count
        return sorted(found.values(), key=lambda cell: (cell.week, cell.group.name))

    async def forget_marks(self, week: str, limit: int) -> int:
        """See UsageStore."""
        gone = 0
        for part in range(usage.PARTS):
            partition = _partition(week, part)
            rows = await tables.scan(
                self._connection, _TABLE, "PartitionKey eq @p and RowKey gt @a", limit - gone,
                select=["PartitionKey", "RowKey"], p=partition, a=_AFTER_COUNTS,
            )  # fmt: skip
            for start in range(0, len(rows), tables.TRANSACTION):
                some = rows[start : start + tables.TRANSACTION]
                deletions = [tables.delete(partition, row["RowKey"]) for row in some]
                try:
                    await tables.commit(self._connection, _TABLE, deletions)
                except TableTransactionError as exc:
                    if code_of(exc) not in _LOST:
                        raise
                    # Another pass was faster; what it left is found next time.
                gone += len(some)
        return gone

    async def walk(self, page: str | None = None, size: int = 500) -> Page[UsageRow]:
        """See UsageStore."""
        (partition, row), wanted = walk_key(page, 2, kind=_TABLE), page_size(size)
        rows = await tables.after(self._connection, _TABLE, partition, row, wanted + 1)
        more = len(rows) > wanted
        rows = rows[:wanted]
        token = make_key(rows[-1]["PartitionKey"], rows[-1]["RowKey"], kind=_TABLE) if more else None
        return Page([_row(row) for row in rows], token)

    async def restore(self, row: UsageRow) -> None:
        """See UsageStore."""
        partition = _partition(row.week, row.part)
        if row.kind == usage.COUNT:
            entity = _entity(partition, Cell(row.week, row.group, row.people, row.counts))
        else:
            entity = _mark(partition, usage.MARKS[row.kind], row.mark)
        await tables.upsert(self._connection, _TABLE, entity)


def _partition(week: str, part: int) -> str:
    return f"{week}_{part}"


def _key(group: Group) -> str:
    return f"c_{group.kind}_{keys.digest(group.name)}"


def _mark(partition: str, kind: str, mark: str) -> dict[str, Any]:
    return {"PartitionKey": partition, "RowKey": f"{kind}_{mark}"}


def _entity(partition: str, cell: Cell) -> dict[str, Any]:
    return {
        "PartitionKey": partition,
        "RowKey": _key(cell.group),
        "kind": cell.group.kind,
        "name": cell.group.name,
        "people": cell.people,
        "counts": msgspec.json.encode(cell.counts),
    }


def _cell(row: Any) -> Cell:
    with damaged("usage count", row["RowKey"]):
        group = Group(str(row["kind"]), str(row["name"]))
        return Cell(row["PartitionKey"][:-2], group, int(row["people"]), usage.counts_of(row["counts"]))


def _row(row: Any) -> UsageRow:
    partition, key = row["PartitionKey"], row["RowKey"]
    with damaged("usage row", key):
        week, part = partition[:-2], int(partition[-1])
        if key.startswith("c_"):
            cell = _cell(row)
            return UsageRow(usage.COUNT, week, part, "", cell.group, cell.people, cell.counts)
        return UsageRow(usage.KIND_OF_MARK[key[0]], week, part, key[2:])
