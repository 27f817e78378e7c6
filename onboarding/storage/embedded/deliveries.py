"""DeliveryStore on SQLite. The body is a column of its own, so that lists do not read it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime
from typing import Any

from onboarding.errors import StoreConflict
from onboarding.ports import Delivery, DeliveryStatus, Page
from onboarding.storage.embedded.database import EmbeddedDatabase
from onboarding.storage.paging import make_token, page_size, read_token, walk_start
from onboarding.storage.rows import damaged, pack, unpack, version_of
from onboarding.storage.times import micros

_TOKEN = "deliveries"  # noqa: S105 a kind of page token, not a secret
_GET = "SELECT row, version, body, delivery_id FROM deliveries WHERE delivery_id = ?"


def _pack(delivery: Delivery) -> bytes:
    return pack(replace(delivery, body=None, etag=None))


def _unpack(found: tuple[Any, ...]) -> Delivery:
    row, version, body, delivery_id = found
    with damaged("delivery", delivery_id):
        return replace(unpack(row, Delivery), body=body, etag=str(version))


class EmbeddedDeliveryStore:
    """Deliveries, keyed by an id that is derived from the dedupe key."""

    def __init__(self, database: EmbeddedDatabase) -> None:
        self._database = database

    async def put_if_absent(self, delivery: Delivery) -> tuple[Delivery, bool]:
        """See DeliveryStore."""
        values = (
            delivery.delivery_id,
            micros(delivery.received_at),
            delivery.status.value,
            delivery.source,
            _pack(delivery),
            delivery.body,
        )

        def run(connection: sqlite3.Connection) -> Any:
            inserted = connection.execute(
                "INSERT INTO deliveries (delivery_id, version, received_at, status, source, row, body)"
                " VALUES (?, 1, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                values,
            )
            return None if inserted.rowcount else connection.execute(_GET, values[:1]).fetchone()

        found = await self._database.write(run)
        return (replace(delivery, etag="1"), True) if found is None else (_unpack(found), False)

    async def get(self, delivery_id: str) -> Delivery | None:
        """See DeliveryStore. DeployerError `store_damaged` for a row that cannot be read."""
        found = await self._database.look(lambda c: c.execute(_GET, (delivery_id,)).fetchone())
        return None if found is None else _unpack(found)

    async def update(self, delivery: Delivery) -> Delivery:
        """See DeliveryStore."""
        version = version_of(delivery.etag)
        values = (
            micros(delivery.received_at),
            delivery.status.value,
            delivery.source,
            _pack(delivery),
            delivery.body,
            delivery.delivery_id,
            version,
        )

        def run(connection: sqlite3.Connection) -> None:
            changed = connection.execute(
                "UPDATE deliveries SET version = version + 1, received_at = ?, status = ?, source = ?, row = ?,"
                " body = ? WHERE delivery_id = ? AND version = ?",
                values,
            )
            if changed.rowcount != 1:
                raise StoreConflict("the delivery was changed by somebody else: load it again")

        # That it was queued: where this is undone, the watchdog queues it again.
        await self._database.write(run, lasting=delivery.status is not DeliveryStatus.QUEUED)
        return replace(delivery, etag=str(version + 1))

    async def page(
        self, *, status: str | None = None, source: str | None = None, page: str | None = None, size: int = 50
    ) -> Page[Delivery]:
        """See DeliveryStore."""
        size = page_size(size)
        sql, values = statement(status, source, page, size)
        rows = await self._database.read(lambda c: c.execute(sql, values).fetchall())
        more = len(rows) > size
        rows = rows[:size]
        token = make_token(_TOKEN, rows[-1][4], rows[-1][3]) if more else None
        return Page([_unpack(row[:4]) for row in rows], token)

    async def older(
        self, status: DeliveryStatus, before: datetime, limit: int, *, unpruned: bool = False
    ) -> list[Delivery]:
        """See DeliveryStore. A row from before `pruned_at` existed counts by its body."""
        kept = " AND body IS NOT NULL" if unpruned else ""
        sql = (
            "SELECT row, version, NULL, delivery_id FROM deliveries WHERE status = ? AND received_at < ?"  # noqa: S608
            f"{kept} ORDER BY received_at LIMIT ?"
        )
        values = (status.value, micros(before), max(limit, 0))
        rows = await self._database.look(lambda c: c.execute(sql, values).fetchall())
        return [_unpack(row) for row in rows]

    async def remove(self, delivery: Delivery) -> None:
        """See DeliveryStore."""
        values = (delivery.delivery_id, version_of(delivery.etag))

        def run(connection: sqlite3.Connection) -> None:
            sql = "DELETE FROM deliveries WHERE delivery_id = ? AND version = ?"
            if connection.execute(sql, values).rowcount != 1:
                raise StoreConflict("the delivery was changed by somebody else: load it again")

        await self._database.write(run)

    async def walk(self, page: str | None = None, size: int = 100) -> Page[Delivery]:
        """See DeliveryStore."""
        after, size = walk_start(_TOKEN, page), page_size(size)
        rows = await self._database.read(
            lambda c: c.execute(
                "SELECT row, version, body, delivery_id, rowid FROM deliveries WHERE rowid > ?"
                " ORDER BY rowid LIMIT ?",
                (after, size + 1),
            ).fetchall()
        )
        token = make_token(_TOKEN, 0, rows[size - 1][4]) if len(rows) > size else None
        return Page([_unpack(row[:4]) for row in rows[:size]], token)


def statement(
    status: str | None, source: str | None, page: str | None, size: int
) -> tuple[str, tuple[Any, ...]]:
    """The SELECT of one page (one row more than `size`) and its values. RequestError for a bad token."""
    conditions, values = ["1 = 1"], []
    for column, value in (("status", status), ("source", source)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    after: tuple[Any, ...] = ()
    if page is not None:
        at, key = read_token(_TOKEN, page)
        conditions.append("(received_at, delivery_id) < (?, ?)")
        after = (at, str(key))
    sql = (
        f"SELECT row, version, NULL, delivery_id, received_at FROM deliveries WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY received_at DESC, delivery_id DESC LIMIT ?"
    )
    return sql, (*values, *after, size + 1)
