"""A row that stands alone: insert if absent, compare-and-swap, and JSON of any length in its properties.

Through `tables.commit`, whose errors always carry a code: a plain insert of azure-data-tables 12.7.0 has none where
the table or the row is in question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from azure.data.tables import TableTransactionError

from onboarding.errors import OperatorError, StoreConflict
from onboarding.storage.azure import tables
from onboarding.storage.azure.connection import Connection, code_of

#: Bytes in one property, of 64 KiB that the service takes, and properties in one row: of 1 MiB, but a request holds
#: them in base64.
CHUNK, CHUNKS = 60_000, 12
#: Bytes of JSON in one row.
LARGEST = CHUNK * CHUNKS
_EXISTS = "EntityAlreadyExists"
_CHANGED = {"UpdateConditionNotSatisfied", "ResourceNotFound"}
_ETAG = re.compile(r"""W/"datetime'[^'"]+'\"""")


async def insert(connection: Connection, table: str, entity: Mapping[str, Any]) -> str | None:
    """Insert a row; its etag, or None if there is one with this key."""
    try:
        (etag,) = await tables.commit(connection, table, [tables.create(entity)])
    except TableTransactionError as exc:
        if code_of(exc) == _EXISTS:
            return None
        raise
    return etag


async def swap(connection: Connection, table: str, entity: Mapping[str, Any], etag: str) -> str:
    """Replace a row that is still as read; its new etag. StoreConflict if it is not."""
    return await _if_unchanged(connection, table, tables.replace(entity, _checked(etag)))


async def discard(connection: Connection, table: str, partition: str, row: str, etag: str) -> None:
    """Delete a row that is still as read. StoreConflict if it is not."""
    await _if_unchanged(connection, table, tables.delete(partition, row, _checked(etag)))


async def _if_unchanged(connection: Connection, table: str, operation: tables.Operation) -> str:
    try:
        (etag,) = await tables.commit(connection, table, [operation])
    except TableTransactionError as exc:
        if code_of(exc) in _CHANGED:
            raise StoreConflict("the row was changed by somebody else: load it again") from exc
        raise
    return etag


def _checked(etag: str) -> str:
    """The service answers 400 to what is no etag of a table; to a caller that is a conflict like any other."""
    if not _ETAG.fullmatch(etag):
        raise StoreConflict("the row was not read from this store: load it and decide again")
    return etag


def columns(data: bytes) -> dict[str, bytes]:
    """Properties that hold `data`. OperatorError `row_too_large` when no row can."""
    if len(data) > LARGEST:
        raise OperatorError(
            "a row is larger than the storage account takes: see docs/storage.md, limits",
            code="row_too_large",
        )
    starts = range(0, max(len(data), 1), CHUNK)
    return {f"json{n:02d}": data[start : start + CHUNK] for n, start in enumerate(starts)}


def joined(row: Mapping[str, Any]) -> bytes:
    """The inverse of `columns`."""
    return b"".join(row[name] for name in sorted(row) if name.startswith("json"))
