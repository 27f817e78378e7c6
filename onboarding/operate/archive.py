"""Everything of a store into a file, and from there into another store, of whatever kind.

Kept: cases with their timelines, aliases, markers, operations, deliveries with bodies, usage counters. Not kept:
queue messages and hints. The new store makes its due and list rows itself, so a case goes on exactly where it was:
claims, rungs that were sent, reserved names, deliveries already seen. A delivery that was not worked off yet is put
back on the queue by the watchdog, a quarter of an hour after it was last queued.

While the service runs, each case is whole (case and timeline of one moment), and the order of the kinds makes what
belongs together safe: a marker is never newer than the evidence in the cases, a delivery that is marked as worked
off has its case, and a case has its aliases. But what the service did after a case was copied, the other store
would do again: stop the service for a copy that is meant to take its place, and keep the copy's service stopped
until the import has ended.

One page of rows is in memory at a time, however many people there are.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from onboarding.domain.case import Case
from onboarding.errors import Refused, StoreConflict
from onboarding.operate import archive_rows
from onboarding.operate.archive_file import Archive, Write
from onboarding.operate.archive_rows import (
    FORMAT,
    KINDS,
    VERSION,
    AliasRow,
    CaseRow,
    DeliveryRow,
    End,
    Header,
    MarkerRow,
    OperationRow,
    Row,
    UsageLine,
)
from onboarding.ports import Page, Services

#: Markers that are about one store: cursors of its walks, and how far an import into it is.
LOCAL = (
    "watchdog_",
    "archive_",
    "retention_",
    "budget_",
    "limit_",
    "stops",
    "arrivals_",
    "refused_",
    "openings",
)
#: Says which archive the store is being filled from.
IMPORTING = "archive_import"
#: Every entry of a timeline.
WHOLE = 10**9
#: Rows read or written at once.
AT_ONCE = 25
#: Readings of a case that is being worked on.
_TRIES = 20
#: Rows of one page. Bodies may have 256 kB.
_PAGE, _BODIES = 100, 25

Progress = Callable[[Mapping[str, int]], object]


def _silent(counts: Mapping[str, int]) -> None:
    """Nobody listens."""


# --- export --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Writer:
    write: Write
    progress: Progress
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    digest: Any = field(default_factory=hashlib.sha256)

    def put(self, row: Header | Row) -> None:
        text = archive_rows.line(row)
        self.digest.update(text)
        self.write(text)
        if not isinstance(row, Header):
            self.counts[archive_rows.kind_of(row)] += 1

    def end(self) -> None:
        self.write(archive_rows.line(End(self.counts, self.digest.hexdigest())))


async def export(s: Services, write: Write, progress: Progress = _silent) -> dict[str, int]:
    """Write every row of the store as lines. Returns how many of each kind; `progress` hears it page by page.

    The order of the kinds matters while the service runs; see the module. Raises StoreConflict for a case that is
    written without a pause, DeployerError `store_damaged` for a row that cannot be read.
    """
    out = _Writer(write, progress)
    out.put(Header(FORMAT, VERSION, await s.clock.now()))
    async for markers in _pages(s.cases.walk_markers, _PAGE):
        _put_all(out, (MarkerRow(n, dict(m.value)) for n, m in markers if not n.startswith(LOCAL)))
    async for deliveries in _pages(s.deliveries.walk, _BODIES):
        _put_all(out, (DeliveryRow(replace(delivery, etag=None)) for delivery in deliveries))
    async for cases in _pages(s.cases.walk, _PAGE):
        for start in range(0, len(cases), AT_ONCE):
            found = await _together(_whole(s, case) for case in cases[start : start + AT_ONCE])
            _put_all(out, (row for row in found if row))
    async for aliases in _pages(s.cases.walk_aliases, _PAGE):
        _put_all(out, (AliasRow(alias, owner) for alias, owner in aliases))
    async for operations in _pages(s.cases.walk_operations, _PAGE):
        _put_all(out, (OperationRow(operation) for operation in operations))
    # After the cases: what is counted and not in its case yet is known by its mark when it is read again.
    async for counted in _pages(s.usage.walk, _PAGE):
        _put_all(out, (UsageLine(row) for row in counted))
    out.end()
    return out.counts


def _put_all(out: _Writer, rows: Iterable[Row]) -> None:
    for row in rows:
        out.put(row)
    out.progress(out.counts)


async def _pages(walk: Callable[[str | None, int], Awaitable[Page[Any]]], size: int) -> AsyncIterator[Any]:
    page: str | None = None
    while True:
        found = await walk(page, size)
        yield found.items
        page = found.next_page
        if page is None:
            return


async def _together(readings: Iterable[Awaitable[CaseRow | None]]) -> list[CaseRow | None]:
    """All at once; if one fails, the others end first."""
    tasks = [asyncio.ensure_future(reading) for reading in readings]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _whole(s: Services, case: Case) -> CaseRow | None:
    """The case with its timeline, both of one moment. None: erased meanwhile."""
    for _ in range(_TRIES):
        timeline = await s.cases.timeline(case.case_id, WHOLE)
        again = await s.cases.get(case.case_id)
        if again is None:
            return None
        if again.etag == case.etag:
            return CaseRow.of(case, timeline)
        case = again
    raise StoreConflict("A case is being written without a pause: stop the service, then export again.")


# --- import --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Imported:
    """What the archive holds, by kind, and how many of its rows were in the store already (a resumed import)."""

    counts: Mapping[str, int]
    there: int


async def load(
    s: Services, archive: Archive, *, resume: bool = False, progress: Progress = _silent
) -> Imported:
    """Fill an empty store from an archive, which is verified whole before anything is written.

    `resume` goes on where an import of the same archive ended early; rows that are there already must be equal.
    Refused for an archive that is damaged, a store that is not empty, and a row that is there and differs.
    """
    end = archive.verified()
    await _begin(s, end, resume=resume)
    written, there = dict.fromkeys(KINDS, 0), 0
    for chunk in _chunks(archive_rows.rows(archive.lines()), AT_ONCE):
        done = await asyncio.gather(*(_put(s, n, row) for n, row in chunk), return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
            there += not outcome
        for _, row in chunk:
            written[archive_rows.kind_of(row)] += 1
        progress(written)
    await _mark(s, {"sha256": end.sha256, "state": "done"})
    return Imported(end.counts, there)


async def _begin(s: Services, end: End, *, resume: bool) -> None:
    """Refuse what is not empty, and note what it is filled from."""
    held = await _held(s)
    if held is not None:
        if not resume:
            raise Refused(
                f"The store is not empty: it holds {held}. Import into a new store (another ONBOARDING_STORE_PATH, "
                "another storage account); if an import of this file ended early, run it again with --resume.",
                code="store_not_empty",
            )
        marker = await s.cases.read_marker(IMPORTING)
        if marker is None or marker.value.get("sha256") != end.sha256:
            raise Refused(
                "What this store holds did not come from this archive: import into a new store.",
                code="store_of_another_archive",
            )
    await _mark(s, {"sha256": end.sha256, "state": "running"})


async def _held(s: Services) -> str | None:
    """A kind of row that the store holds; None: it is empty. A service that never took anything leaves markers."""
    walks: dict[str, Callable[[str | None, int], Awaitable[Page[Any]]]] = {
        "cases": s.cases.walk,
        "deliveries": s.deliveries.walk,
        "aliases": s.cases.walk_aliases,
        "operations": s.cases.walk_operations,
    }
    for name, walk in walks.items():
        async for items in _pages(walk, 1):
            if items:
                return name
    return None


async def _mark(s: Services, value: dict[str, Any]) -> None:
    await _write_marker(s, IMPORTING, value)


def _chunks(rows: Iterable[tuple[int, Row]], size: int) -> Iterator[list[tuple[int, Row]]]:
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


async def _put(s: Services, number: int, row: Row) -> bool:
    """Write one row. False: it was there already, and is equal. Refused if it differs."""
    match row:
        case CaseRow():
            return await _put_case(s, number, row)
        case AliasRow():
            if await s.cases.claim_alias(row.alias, row.case_id) != row.case_id:
                raise _differs(number, "alias")
        case MarkerRow():
            if not row.name.startswith(LOCAL):
                await _write_marker(s, row.name, row.value)
        case OperationRow():
            there = await s.cases.get_operation(row.operation.operation_id)
            if there not in {None, row.operation}:
                raise _differs(number, "operation")
            await s.cases.put_operation(row.operation)
            return there is None
        case UsageLine():
            await s.usage.restore(row.usage)
        case DeliveryRow():
            stored, inserted = await s.deliveries.put_if_absent(row.delivery)
            if not inserted and replace(stored, etag=None) != row.delivery:
                raise _differs(number, "delivery")
            return inserted
    return True


async def _put_case(s: Services, number: int, row: CaseRow) -> bool:
    case = row.unpacked()
    try:
        await s.cases.create(case, row.timeline)
    except StoreConflict:
        there = await s.cases.get(case.case_id)
        if there is None or replace(there, etag=None) != case:
            raise _differs(number, "case") from None
        if await s.cases.timeline(case.case_id, WHOLE) != row.timeline:
            raise _differs(number, "case") from None
        await s.cases.mend(there)  # its hints may not have been written any more
        return False
    return True


async def _write_marker(s: Services, name: str, value: Mapping[str, Any]) -> None:
    """The archive's word counts: a cursor of a service that was never filled must not hide anything."""
    for _ in range(_TRIES):
        found = await s.cases.read_marker(name)
        if found is not None and dict(found.value) == dict(value):
            return
        try:
            await s.cases.write_marker(name, value, found.etag if found else None)
        except StoreConflict:
            continue
        return
    raise StoreConflict("A marker is being written without a pause: stop the service, then import again.")


def _differs(number: int, kind: str) -> Refused:
    return Refused(
        f"Line {number} of the archive: this {kind} is in the store already, and differs. Was the service running? "
        "Import into a new store, with the service stopped until the import has ended.",
        code="row_differs",
    )
