"""List rows: what a page of cases shows, sorted by the newest change, without reading any other case.

A row lives in the partition of its facet (state, status, source, reason code), keyed by the time of its last
change: its place is a function of the case. A list over several facets is a merge of their partitions. How many
rows a facet has is kept beside them, in counters that change in the same transaction as the rows. Only the sum of a
facet's counters means anything, so every process has some of its own to write, and knows what is in them: it takes
others when it meets another process there.

Rows are hints: a page compares the place of each with the place that the case itself names, and removes what a
death or a race has left behind.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from azure.data.tables import TableTransactionError

from onboarding.errors import Unavailable
from onboarding.ports import CaseQuery, CaseSummary
from onboarding.storage import names
from onboarding.storage.azure import keys, rows, tables
from onboarding.storage.azure.connection import Connection, code_of

#: Counters of one facet, and how many of them one process writes.
SHARDS, LANES = 64, 4
_FACETS, _COUNT = "facets", "n_"
#: Times that other counters are taken because somebody else writes these.
_TRIES = 12


@dataclass(frozen=True, slots=True)
class Facet:
    """One combination of what lists are filtered by; `key` is its partition."""

    key: str
    state: str
    status: str
    source: str
    reason_code: str | None

    def meets(self, query: CaseQuery) -> bool:
        """True if cases of this facet are asked for."""
        wanted = (query.state, query.status, query.source, query.reason_code)
        have = (self.state, self.status, self.source, self.reason_code)
        return all(want is None or want == own for want, own in zip(wanted, have, strict=True))


@dataclass(frozen=True, slots=True)
class ListRow:
    """One list row as read."""

    place: str
    key: str
    summary: CaseSummary
    words: frozenset[str]


class Listings:
    """The lists of one store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[str] = set()
        #: Counter → (value, etag; None: to be made). As last seen by this process.
        self._counters: dict[tuple[str, str], tuple[int, str | None]] = {}
        #: Writers of this process take turns at a counter.
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        #: Which `LANES` counters of a facet are this process's.
        self._home: int | None = None

    async def move(self, old: str, row: rows.CaseRow) -> None:
        """Bring the list row of a case to its place; the new one is there before the old one goes."""
        new = row.place
        if old and new and _facet(old) == _facet(new) and await self._move_within(old, new, row):
            return
        if new:
            await self._put(new, row)
        if old and old != new:
            await self.drop(old)

    async def drop(self, place: str) -> None:
        """Remove a list row and count it off; it may be gone."""
        facet, key = _split(place)
        await self._counted(facet, key, tables.delete(facet, key), -1, gone="ResourceNotFound")

    async def has(self, row: rows.CaseRow) -> bool:
        """True if the list row is there and shows what the case says."""
        facet, key = _split(row.place)
        found = await tables.point(self._connection, names.LISTINGS, facet, key)
        return found is not None and found["summary"] == row.list_row()["summary"]

    async def facets(self) -> list[Facet]:
        """Every facet that a case was ever in."""
        found = await tables.scan(self._connection, names.LISTINGS, "PartitionKey eq @p", None, p=_FACETS)
        return [
            Facet(row["RowKey"], row["state"], row["status"], row["source"], row["reason_code"] or None)
            for row in found
        ]

    async def counts(self) -> dict[str, int]:
        """Cases by state."""
        facets = await self.facets()
        counters = await tables.together(
            tables.scan(
                self._connection, names.LISTINGS,
                "PartitionKey eq @p and RowKey ge @start and RowKey lt @end", None,
                p=facet.key, start=_COUNT, end="n`",
            )
            for facet in facets
        )  # fmt: skip
        total: Counter[str] = Counter()
        for facet, found in zip(facets, counters, strict=True):
            total[facet.state] += sum(row["count"] for row in found)
        return {state: count for state, count in total.items() if count > 0}

    async def newest(self, facets: Sequence[Facet], after: str, limit: int) -> list[ListRow]:
        """The next `limit` rows of these facets after a key ('': from the newest), newest first, as they stand."""
        found = await tables.together(
            tables.scan(
                self._connection, names.LISTINGS,
                "PartitionKey eq @p and RowKey gt @after and RowKey lt @end", limit,
                p=facet.key, after=after, end=_COUNT,
            )
            for facet in facets
        )  # fmt: skip
        merged = sorted((row for each in found for row in each), key=lambda row: str(row["RowKey"]))
        return [_read(row) for row in merged[:limit]]

    async def true(self, found: Sequence[ListRow]) -> list[ListRow]:
        """Those whose case is really there; the others are removed."""
        places = await tables.together(self._place(each) for each in found)
        stale = [row.place for row, place in zip(found, places, strict=True) if place != row.place]
        await tables.together(self.drop(place) for place in stale)
        return [row for row, place in zip(found, places, strict=True) if place == row.place]

    async def orphans(self, partition: str, key: str, limit: int) -> tuple[int, tuple[str, str] | None]:
        """Remove stale rows among the next `limit`; how many, and the key of the last one seen (None: no more)."""
        found = await tables.after(self._connection, names.LISTINGS, partition, key, limit)
        listed = [
            _read(row)
            for row in found
            if row["PartitionKey"] != _FACETS and not row["RowKey"].startswith(_COUNT)
        ]
        removed = len(listed) - len(await self.true(listed))
        last = (found[-1]["PartitionKey"], found[-1]["RowKey"]) if len(found) == limit else None
        return removed, last

    async def _place(self, row: ListRow) -> str | None:
        case = await tables.point(
            self._connection, names.CASES, row.summary.case_id, rows.CASE, select=["place"]
        )
        return None if case is None else str(case["place"])

    async def _move_within(self, old: str, new: str, row: rows.CaseRow) -> bool:
        """Replace, or insert and delete, in one transaction, which leaves the count as it is; False if it is not
        that simple."""
        facet, key = _split(new)
        columns = {"PartitionKey": facet, "RowKey": key, **row.list_row()}
        operations = [tables.replace(columns)]
        if old != new:
            operations = [tables.create(columns), tables.delete(facet, _split(old)[1])]
        try:
            await tables.commit(self._connection, names.LISTINGS, operations)
        except TableTransactionError as exc:
            if code_of(exc) not in {"EntityAlreadyExists", "ResourceNotFound"}:
                raise
            return False
        return True

    async def _put(self, place: str, row: rows.CaseRow) -> None:
        """Insert and count, or replace what is there."""
        facet, key = _split(place)
        await self._register(facet, row.summary)
        columns = {"PartitionKey": facet, "RowKey": key, **row.list_row()}
        if not await self._counted(facet, key, tables.create(columns), 1, gone="EntityAlreadyExists"):
            await tables.upsert(self._connection, names.LISTINGS, columns)

    async def _register(self, facet: str, summary: CaseSummary) -> None:
        if facet in self._known:
            return
        row = {
            "PartitionKey": _FACETS,
            "RowKey": facet,
            "state": summary.state,
            "status": summary.status,
            "source": summary.source,
            "reason_code": summary.reason_code or "",
        }
        await tables.upsert(self._connection, names.LISTINGS, row)
        self._known.add(facet)

    async def _counted(
        self, facet: str, key: str, operation: tables.Operation, step: int, *, gone: str
    ) -> bool:
        """One operation on a list row together with a counter; False if the row was `gone` (or there) before."""
        owner = key.partition("_")[2]
        for attempt in range(_TRIES):
            name = self._lane(owner)
            async with self._locks[facet, name]:
                count, etag = await self._counter(facet, name)
                counter = {"PartitionKey": facet, "RowKey": name, "count": count + step}
                counting = tables.replace(counter, etag) if etag else tables.create(counter)
                try:
                    etags = await tables.commit(self._connection, names.LISTINGS, [operation, counting])
                except TableTransactionError as exc:
                    # The answer names the first of the two that was refused: the counter may be another's too.
                    self._counters.pop((facet, name), None)
                    if exc.index == 0 and code_of(exc) == gone:
                        return False
                    if exc.index != 1:
                        raise
                    self._home = _number(f"{owner}{attempt}") // LANES
                except BaseException:
                    self._counters.pop((facet, name), None)  # nobody knows whether it was written
                    raise
                else:
                    self._counters[facet, name] = (count + step, etags[1])
                    return True
        raise Unavailable("the counters of a list are busy: its row follows later")

    def _lane(self, owner: str) -> str:
        """The counter that this process writes for a case: one of a few, chosen by the first case it counts."""
        if self._home is None:
            self._home = _number(owner) // LANES
        return f"{_COUNT}{self._home * LANES + _number(owner) % LANES:02x}"

    async def _counter(self, facet: str, name: str) -> tuple[int, str | None]:
        known = self._counters.get((facet, name))
        if known is None:
            row = await tables.point(self._connection, names.LISTINGS, facet, name)
            known = (0, None) if row is None else (int(row["count"]), str(row.metadata["etag"]))
            self._counters[facet, name] = known
        return known


def _number(text: str) -> int:
    """A shard for a text, evenly spread."""
    return int(keys.digest(text)[:8], 16) % SHARDS


def _facet(place: str) -> str:
    return place.partition("|")[0]


def _split(place: str) -> tuple[str, str]:
    facet, _, key = place.partition("|")
    return facet, key


def _read(row: Mapping[str, Any]) -> ListRow:
    return ListRow(
        place=f"{row['PartitionKey']}|{row['RowKey']}",
        key=row["RowKey"],
        summary=msgspec.json.decode(row["summary"], type=CaseSummary),
        words=rows.words_of(row["words"]),
    )
