"""The few things that are done with a table: read a row, read a range, write rows of one partition together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import TableTransactionError
from azure.data.tables.aio import TableClient

from onboarding.storage.azure.connection import Connection

T = TypeVar("T")

#: Operations of one entity group transaction, and rows of one answer (limits of the Table service).
TRANSACTION = 100
ROWS = 1000
#: Requests that one use of the store has under way at once.
AT_ONCE = 32

Entity = Mapping[str, Any]
Operation = tuple[Any, ...]


def create(entity: Mapping[str, Any]) -> Operation:
    """Insert; 409 if it exists."""
    return ("create", dict(entity))


def put(entity: Mapping[str, Any]) -> Operation:
    """Insert or replace, whatever was there."""
    return ("upsert", dict(entity), {"mode": "replace"})


def replace(entity: Mapping[str, Any], etag: str | None = None) -> Operation:
    """Replace what is there; 412 if it is not as read, 404 if it is not there. No etag: any version."""
    return ("update", dict(entity), {"mode": "replace", **_condition(etag)})


def delete(partition: str, row: str, etag: str | None = None) -> Operation:
    """Delete; 404 if it is not there, 412 if it is not as read. No etag: any version."""
    return ("delete", {"PartitionKey": partition, "RowKey": row}, _condition(etag))


def _condition(etag: str | None) -> dict[str, Any]:
    return {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}


async def commit(connection: Connection, table: str, operations: Sequence[Operation]) -> list[str]:
    """One transaction over rows of one partition; their new etags ('' for a deleted one).

    TableTransactionError, with the `index` of the operation that was refused, and nothing was written. A try whose
    answer was lost is told from somebody else's write by the id that it left in its first row.
    """
    marked, mark = _marked(operations, connection.write_id())

    async def run(client: TableClient) -> list[str]:
        if len(marked) == 1 and marked[0][0] in _ALONE:
            return [await _alone(client, marked[0])]
        answers = await client.submit_transaction(marked)
        return [str(answer.get("etag") or "") for answer in answers]

    try:
        return await connection.on_table(table, run)
    except TableTransactionError as exc:
        if mark is None or exc.status_code not in _REFUSED:
            raise
        first, written = mark
        row = await point(connection, table, first["PartitionKey"], first["RowKey"])
        if row is None or row.get(_WRITE) != written:
            raise
    return await _etags(connection, table, marked)


#: The property that says which write a row is of.
_WRITE = "write"


def _marked(
    operations: Sequence[Operation], write_id: str
) -> tuple[list[Operation], tuple[Entity, str] | None]:
    """The operations, the first one that writes a row marked with the id; and that row. Rows that are put whatever was
    there need no mark: putting them twice is putting them once."""
    marked = list(operations)
    for number, (kind, entity, *options) in enumerate(operations):
        if kind in {"create", "update"}:
            marked[number] = (kind, {**entity, _WRITE: write_id}, *options)
            return marked, (entity, write_id)
    return marked, None


async def _etags(connection: Connection, table: str, operations: Sequence[Operation]) -> list[str]:
    """Etags of rows that were written a moment ago."""
    rows = await together(
        point(connection, table, entity["PartitionKey"], entity["RowKey"], select=["RowKey"])
        for _, entity, *_ in operations
    )
    return ["" if row is None else str(row.metadata["etag"]) for row in rows]


#: What needs no transaction when it is the only operation: a transaction is a MIME message in both directions, which
#: costs the SDK four times the CPU of a plain request. (Its plain delete says nothing of a row that is not there.)
_ALONE = {"create", "update"}
_REFUSED = {404, 409, 412}


async def _alone(client: TableClient, operation: Operation) -> str:
    """One operation as a request of its own: the row's etag, and the error of a transaction."""
    kind, entity, *options = operation
    try:
        if kind == "create":
            answer = await client.create_entity(entity, response_preference="return-no-content")
        else:
            answer = await client.update_entity(entity, **options[0])
    except HttpResponseError as exc:
        if exc.status_code not in _REFUSED:
            raise
        error: Any = TableTransactionError(message="refused", response=exc.response, index=0)
        error.error_code = _said(exc)
        raise error from exc
    return str(answer.get("etag") or "")


def _said(error: HttpResponseError) -> Any:
    """The service's code. azure-data-tables 12.7.0 does not read it from the answer to an insert."""
    if known := getattr(error, "error_code", None):
        return known
    try:
        return json.loads(error.response.text())["odata.error"]["code"]  # type: ignore[union-attr]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


async def upsert(connection: Connection, table: str, entity: Mapping[str, Any]) -> None:
    """Insert or replace one row."""

    async def run(client: TableClient) -> Any:
        return await client.upsert_entity(dict(entity), mode="replace")

    await connection.on_table(table, run)


async def remove(connection: Connection, table: str, partition: str, row: str) -> None:
    """Delete one row, which may be gone already."""

    async def run(client: TableClient) -> Any:
        return await client.delete_entity(partition, row)

    await connection.on_table(table, run)


async def point(
    connection: Connection, table: str, partition: str, row: str, select: Sequence[str] | None = None
) -> Any | None:
    """One row with its metadata, or None. `select` names the properties wanted."""

    async def run(client: TableClient) -> Any | None:
        try:
            return await client.get_entity(partition, row, **({"select": list(select)} if select else {}))
        except ResourceNotFoundError as exc:
            if _is_table(exc):
                raise
            return None

    return await connection.on_table(table, run)


def _is_table(error: ResourceNotFoundError) -> bool:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code)) == "TableNotFound"


async def scan(
    connection: Connection,
    table: str,
    condition: str,
    limit: int | None,
    select: Sequence[str] | None = None,
    **values: str,
) -> list[Any]:
    """Rows that meet the condition (OData, `@name` for values), in key order, `limit` at most.

    An answer of the service may be short, or empty, and still have a next one: it is asked until there is enough.
    """
    if limit is not None and limit < 1:
        return []

    async def run(client: TableClient) -> list[Any]:
        rows: list[Any] = []
        pages = client.query_entities(
            condition,
            parameters=values,
            results_per_page=min(limit or ROWS, ROWS),
            **({"select": list(select)} if select else {}),
        ).by_page()
        async for page in pages:
            rows.extend([row async for row in page])
            if limit is not None and len(rows) >= limit:
                return rows[:limit]
        return rows

    return await connection.on_table(table, run)


async def together(work: Iterable[Awaitable[T]], at_once: int = AT_ONCE) -> list[T]:
    """Results in order, `at_once` of them under way. The first error is raised once all have ended."""
    gate = asyncio.Semaphore(at_once)

    async def one(each: Awaitable[T]) -> T:
        async with gate:
            return await each

    results = await asyncio.gather(*(one(each) for each in work), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def after(
    connection: Connection,
    table: str,
    partition: str,
    row: str,
    limit: int,
    select: Sequence[str] | None = None,
) -> list[Any]:
    """The next `limit` rows of a whole table after a key, in key order. ('', '') starts it."""
    found = await scan(
        connection, table, "PartitionKey eq @p and RowKey gt @r", limit, select, p=partition, r=row
    )
    if len(found) < limit:
        rest = limit - len(found)
        found += await scan(connection, table, "PartitionKey gt @p", rest, select, p=partition)
    return found
