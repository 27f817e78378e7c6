"""Markers (cursors, budgets, switches) and operations of the azure store.

Markers share one partition, a row each, so that a walk is one range; they are few, and the busiest (request budgets)
are leased in blocks. Operations have a partition each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from onboarding.errors import StoreConflict
from onboarding.ports import Marker, Operation, Page
from onboarding.storage import names
from onboarding.storage.azure import keys, single, tables
from onboarding.storage.azure.connection import Connection
from onboarding.storage.paging import make_key, page_size, walk_key
from onboarding.storage.rows import damaged, pack, unpack

_MARKERS, _OPERATION = "m", "o"


class AzureMarkers:
    """The part of CaseStore that is about markers and operations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read_marker(self, name: str) -> Marker | None:
        """See CaseStore."""
        row = await tables.point(self._connection, names.MARKERS, _MARKERS, keys.plain(name))
        return None if row is None else _marker(row)[1]

    async def write_marker(self, name: str, value: Mapping[str, Any], etag: str | None) -> Marker:
        """See CaseStore."""
        data = msgspec.json.encode(dict(value))
        entity = {
            "PartitionKey": _MARKERS,
            "RowKey": keys.plain(name),
            "name": name,
            **single.columns(data),
        }
        if etag is None:
            written = await single.insert(self._connection, names.MARKERS, entity)
            if written is None:
                raise StoreConflict("the marker was written by somebody else: read it again")
        else:
            written = await single.swap(self._connection, names.MARKERS, entity, etag)
        return Marker(msgspec.json.decode(data, type=dict[str, Any]), written)

    async def walk_markers(self, page: str | None = None, size: int = 500) -> Page[tuple[str, Marker]]:
        """See CaseStore."""
        (after,), size = walk_key(page, 1, kind=names.MARKERS), page_size(size)
        rows = await tables.scan(
            self._connection, names.MARKERS, "PartitionKey eq @p and RowKey gt @after", size + 1,
            p=_MARKERS, after=after,
        )  # fmt: skip
        token = make_key(rows[size - 1]["RowKey"], kind=names.MARKERS) if len(rows) > size else None
        return Page([_marker(row) for row in rows[:size]], token)

    async def put_operation(self, operation: Operation) -> None:
        """See CaseStore."""
        entity = {
            "PartitionKey": operation.operation_id,
            "RowKey": _OPERATION,
            **single.columns(pack(operation)),
        }
        await tables.upsert(self._connection, names.OPERATIONS, entity)

    async def get_operation(self, operation_id: str) -> Operation | None:
        """See CaseStore."""
        row = await tables.point(self._connection, names.OPERATIONS, operation_id, _OPERATION)
        return None if row is None else _operation(row)

    async def walk_operations(self, page: str | None = None, size: int = 500) -> Page[Operation]:
        """See CaseStore."""
        (after,), size = walk_key(page, 1, kind=names.OPERATIONS), page_size(size)
        rows = await tables.scan(
            self._connection, names.OPERATIONS, "PartitionKey gt @after", size + 1, after=after
        )
        token = make_key(rows[size - 1]["PartitionKey"], kind=names.OPERATIONS) if len(rows) > size else None
        return Page([_operation(row) for row in rows[:size]], token)


def _marker(row: Any) -> tuple[str, Marker]:
    with damaged("marker", row["RowKey"]):
        value = msgspec.json.decode(single.joined(row), type=dict[str, Any])
        return str(row["name"]), Marker(value, str(row.metadata["etag"]))


def _operation(row: Any) -> Operation:
    with damaged("operation", row["PartitionKey"]):
        return unpack(single.joined(row), Operation)
