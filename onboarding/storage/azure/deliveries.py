"""DeliveryStore on Tables and Blobs.

The truth is one row in a partition of its own (partition: the delivery's id, row `d`); the body is a blob. Lists are
hints: partitions `l_<list>`, rows by time of receipt, newest first. The row says in which list a delivery belongs, so
a hint that a crash left behind is seen through by whoever reads the list. A hint is written before the row that needs
it, and once more after it, so that nobody who takes the first for a leftover can lose it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from onboarding.errors import StoreConflict
from onboarding.ports import Delivery, DeliveryStatus, Page
from onboarding.storage import names
from onboarding.storage.azure import keys, single, tables
from onboarding.storage.azure.bodies import NONE, Bodies, digest_of
from onboarding.storage.azure.connection import Connection
from onboarding.storage.paging import make_key, make_token, page_size, read_token, walk_key
from onboarding.storage.rows import damaged, pack, unpack

_TOKEN = "deliveries"  # noqa: S105 a kind of page token, not a secret
_ROW = "d"
#: Ids of deliveries begin with `d_`; the partitions of lists do not.
_FIRST, _LAST = "d_", "d`"
#: A delivery is on its way from the first to the second within a moment: one list, and no row to move.
_OPEN = {DeliveryStatus.RECEIVED: "open", DeliveryStatus.QUEUED: "open"}
_PRUNED = "_pruned"
#: A hint without its row: after this long, by the account's own time, nobody is just storing that delivery.
ABANDONED = timedelta(hours=1)
#: Times that a page is filled up where many of its rows turn out to be of another status.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a delivery's etag carries: what the next update must know of the row that it replaces."""

    etag: str
    digest: str
    place: str

    def token(self) -> str:
        return "\n".join((self.etag, self.digest, self.place))

    @classmethod
    def of(cls, delivery: Delivery) -> _Seen:
        """StoreConflict for an etag that is none of ours."""
        match (delivery.etag or "").split("\n"):
            case [etag, digest, place]:
                return cls(etag, digest, place)
        raise StoreConflict("the row was not read from this store: load it and decide again")


class AzureDeliveryStore:
    """Deliveries, keyed by an id that is derived from the dedupe key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bodies = Bodies(connection)

    async def put_if_absent(self, delivery: Delivery) -> tuple[Delivery, bool]:
        """See DeliveryStore."""
        digest, place = digest_of(delivery.body), _place(delivery)
        for _ in range(2):
            await tables.together(
                [
                    self._bodies.put(delivery.delivery_id, digest, delivery.body),
                    self._announce(delivery, place),
                ]
            )
            etag = await single.insert(self._connection, names.DELIVERIES, _entity(delivery, digest, place))
            if etag is not None:
                return replace(delivery, etag=_Seen(etag, digest, place).token()), True
            found = await self._row(delivery.delivery_id)
            if found is not None:
                there, seen = found
                # What was written for this attempt stays: another attempt with the same content may need it by now.
                # The hint is seen through, and the body goes with the next change, or the lifecycle rule.
                return await self._with_body(there, seen), False
        raise StoreConflict("the delivery was removed while it was stored: send it again")

    async def get(self, delivery_id: str) -> Delivery | None:
        """See DeliveryStore. DeployerError `store_damaged` for a row that cannot be read."""
        found = await self._row(delivery_id)
        return None if found is None else await self._with_body(*found)

    async def update(self, delivery: Delivery) -> Delivery:
        """See DeliveryStore."""
        seen = _Seen.of(delivery)
        digest, place = digest_of(delivery.body), _place(delivery)
        moved, rewritten = place != seen.place, digest != seen.digest
        before = [self._announce(delivery, place)] if moved else []
        if rewritten:
            before.append(self._bodies.put(delivery.delivery_id, digest, delivery.body))
        await tables.together(before)
        entity = _entity(delivery, digest, place)
        etag = await single.swap(self._connection, names.DELIVERIES, entity, seen.etag)
        after = [self._announce(delivery, place), self._withdraw(seen.place)] if moved else []
        if rewritten or delivery.body is None:
            after.append(self._bodies.keep_only(delivery.delivery_id, digest))
        await tables.together(after)
        return replace(delivery, etag=_Seen(etag, digest, place).token())

    async def remove(self, delivery: Delivery) -> None:
        """See DeliveryStore. The row goes last: whoever dies in between finds the rest of it again."""
        seen = _Seen.of(delivery)
        found = await self._row(delivery.delivery_id)
        if found is None or found[1] != seen:
            raise StoreConflict("the delivery was changed by somebody else: load it again")
        await self._bodies.keep_only(delivery.delivery_id, NONE)
        await single.discard(self._connection, names.DELIVERIES, delivery.delivery_id, _ROW, seen.etag)
        await self._withdraw(seen.place)

    async def page(
        self, *, status: str | None = None, source: str | None = None, page: str | None = None, size: int = 50
    ) -> Page[Delivery]:
        """See DeliveryStore. A page may be short, or empty, and still have a next one."""
        size, after, token = page_size(size), "", None
        if page is not None:
            at, key = read_token(_TOKEN, page)
            after = f"{keys.falling_number(at)}_{key}"
        lists = _lists([each for each in DeliveryStatus if status in (None, each)])
        items: list[Delivery] = []
        for _ in range(_ROUNDS):
            room = size - len(items)
            hints = await self._hints(lists, room + 1, source, after=after)
            found = await self._true(hints[:room])
            items += [
                each for each in found if status in (None, each.status) and source in (None, each.source)
            ]
            if len(hints) <= room:
                return Page(items)
            after = hints[room - 1]["RowKey"]
            token = make_token(_TOKEN, keys.fallen_number(after), keys.owner(after))
            if len(items) == size:
                break
        return Page(items, token)

    async def older(
        self, status: DeliveryStatus, before: datetime, limit: int, *, unpruned: bool = False
    ) -> list[Delivery]:
        """See DeliveryStore. Removes the leftovers that it meets."""
        lists = [each for each in _lists([status]) if not (unpruned and each.endswith(_PRUNED))]
        # Behind every delivery of that very microsecond: ` sorts after the underscore.
        after = f"{keys.falling(before)}`"
        items: list[Delivery] = []
        while len(items) < limit:
            room = limit - len(items)
            hints = await self._hints(lists, room, None, after=after)
            items += [each for each in await self._true(hints, tidy=True) if each.status == status]
            if len(hints) < room:
                break
            after = hints[-1]["RowKey"]
        return items

    async def walk(self, page: str | None = None, size: int = 100) -> Page[Delivery]:
        """See DeliveryStore."""
        (after,), size = walk_key(page, 1, kind=names.DELIVERIES), page_size(size)
        rows = await tables.scan(
            self._connection, names.DELIVERIES, "PartitionKey gt @after and PartitionKey lt @last", size + 1,
            after=after or _FIRST, last=_LAST,
        )  # fmt: skip
        token = make_key(rows[size - 1]["PartitionKey"], kind=names.DELIVERIES) if len(rows) > size else None
        return Page(await tables.together(self._with_body(*_read(row)) for row in rows[:size]), token)

    # --- rows and lists ----------------------------------------------------------------------------------

    async def _row(self, delivery_id: str) -> tuple[Delivery, _Seen] | None:
        row = await tables.point(self._connection, names.DELIVERIES, delivery_id, _ROW)
        return None if row is None else _read(row)

    async def _with_body(self, delivery: Delivery, seen: _Seen) -> Delivery:
        body = await self._bodies.get(delivery.delivery_id, seen.digest)
        return replace(delivery, body=body)

    async def _announce(self, delivery: Delivery, place: str) -> None:
        partition, row = place.split("|")
        entity = {"PartitionKey": partition, "RowKey": row, "source": delivery.source}
        await tables.upsert(self._connection, names.DELIVERIES, entity)

    async def _withdraw(self, place: str) -> None:
        partition, row = place.split("|")
        await tables.remove(self._connection, names.DELIVERIES, partition, row)

    async def _hints(self, lists: Sequence[str], limit: int, source: str | None, after: str) -> list[Any]:
        """The first `limit` hints of these lists together, newest first, behind the key `after`."""
        condition = "PartitionKey eq @list and RowKey gt @after" + (
            " and source eq @source" if source else ""
        )
        values = {"after": after, **({"source": source} if source else {})}
        rows = await tables.together(
            tables.scan(self._connection, names.DELIVERIES, condition, limit, list=each, **values)
            for each in lists
        )
        return sorted((row for part in rows for row in part), key=lambda row: str(row["RowKey"]))[:limit]

    async def _true(self, hints: Sequence[Any], *, tidy: bool = False) -> list[Delivery]:
        """Deliveries whose row names the hint's own place, bodies left out.

        `tidy` removes the other hints that are old: a younger one may belong to a delivery that is being stored.
        """
        found = await tables.together(self._row(keys.owner(hint["RowKey"])) for hint in hints)
        items, leftovers = [], []
        for hint, each in zip(hints, found, strict=True):
            place = f"{hint['PartitionKey']}|{hint['RowKey']}"
            if each is not None and each[1].place == place:
                items.append(each[0])
            elif self._connection.is_old(hint, ABANDONED):
                leftovers.append(place)
        if tidy:
            await tables.together(self._withdraw(place) for place in leftovers)
        return items


def _lists(statuses: Sequence[DeliveryStatus]) -> list[str]:
    """Partitions in which deliveries of these statuses are."""
    partitions = dict.fromkeys(f"l_{_OPEN.get(status, status.value)}" for status in statuses)
    return [each + suffix for each in partitions for suffix in ("", _PRUNED)]


def _place(delivery: Delivery) -> str:
    """Where the hint of this delivery belongs: `<partition>|<row>`."""
    partition, pruned = _lists([delivery.status])
    key = f"{keys.falling(delivery.received_at)}_{delivery.delivery_id}"
    return f"{pruned if delivery.body is None else partition}|{key}"


def _entity(delivery: Delivery, digest: str, place: str) -> dict[str, Any]:
    return {
        "PartitionKey": delivery.delivery_id,
        "RowKey": _ROW,
        "digest": digest,
        "place": place,
        **single.columns(pack(replace(delivery, body=None, etag=None))),
    }


def _read(row: Any) -> tuple[Delivery, _Seen]:
    """The delivery without its body."""
    with damaged("delivery", row["PartitionKey"]):
        seen = _Seen(row.metadata["etag"], row["digest"], row["place"])
        return replace(unpack(single.joined(row), Delivery), etag=seen.token()), seen
