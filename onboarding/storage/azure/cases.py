"""CaseStore on Tables. The case, its due pointer and its timeline are one transaction; the rest are hints.

Order of a save: rows that must not be missing (due row, words) first, then the transaction that decides, then the
list row and the removal of what the case has left. Trouble with the last part does not undo what was decided: it is
logged, and `mend` or `sweep` puts it right.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Collection, Sequence
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError
from azure.data.tables import TableTransactionError

from onboarding import observe
from onboarding.domain.case import Case
from onboarding.domain.records import TimelineEntry
from onboarding.errors import OnboardingError, StoreConflict, Unavailable
from onboarding.ports import WORK_QUEUE, CaseQuery, CaseSummary, DueRow, Page, Swept
from onboarding.storage import names
from onboarding.storage.azure import mending, rows, tables
from onboarding.storage.azure.aliases import AzureAliases
from onboarding.storage.azure.connection import Connection, code_of
from onboarding.storage.azure.due import DueIndex
from onboarding.storage.azure.listings import Listings
from onboarding.storage.azure.markers import AzureMarkers
from onboarding.storage.azure.search import Search
from onboarding.storage.azure.words import WordIndex
from onboarding.storage.paging import make_key, page_size, walk_key
from onboarding.storage.rows import damaged, unpack

log = logging.getLogger(__name__)
_TIMELINE_END = "t`"  # after the underscore
_CHANGED = {"EntityAlreadyExists", "UpdateConditionNotSatisfied", "ResourceNotFound"}
#: Times that a save meets a due row which is being postponed.
_TRIES = 5


class AzureCaseStore(AzureAliases, AzureMarkers):
    """Cases with aliases, due index, lists, words, timeline, markers and operations."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection
        self._due = DueIndex(connection)
        self._words = WordIndex(connection)
        self._listings = Listings(connection)
        self._search = Search(connection, self._listings, self._words)

    async def create(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """See CaseStore."""
        row = rows.CaseRow.of(case, timeline)
        seen = await self._write(row, None)
        case.etag = seen.token()
        return case

    async def get(self, case_id: str) -> Case | None:
        """See CaseStore. DeployerError `store_damaged` for a row that cannot be read."""
        found = await tables.scan(
            self._connection, names.CASES, "PartitionKey eq @p and RowKey ge @start and RowKey le @end", 2,
            p=case_id, start=rows.CASE, end=rows.DUE,
        )  # fmt: skip
        by_key = {row["RowKey"]: row for row in found}
        case = by_key.get(rows.CASE)
        return None if case is None else rows.read(case_id, case, by_key.get(rows.DUE))

    async def there(self, case_ids: Collection[str]) -> set[str]:
        """See CaseStore. A point read of the keys of each, many at once."""
        asked = sorted(case_ids)
        found = await tables.together(
            tables.point(self._connection, names.CASES, case_id, rows.CASE, ("PartitionKey",))
            for case_id in asked
        )
        return {case_id for case_id, row in zip(asked, found, strict=True) if row is not None}

    async def save(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        """See CaseStore."""
        seen = rows.Seen.of(case.etag)
        row = rows.CaseRow.of(case, timeline)
        written = await self._write(row, seen)
        case.etag = written.token()
        return case

    async def _write(self, row: rows.CaseRow, seen: rows.Seen | None) -> rows.Seen:
        lost = await self._announce_words(row, seen)
        pointer = seen.pointer if seen else rows.NO_POINTER
        for _ in range(_TRIES):
            if row.due is not None and row.moves(pointer):
                await self._due.put(row.case_id, row.due, pointer.version + 1)
            try:
                etags = await tables.commit(self._connection, names.CASES, row.operations(seen, pointer))
            except TableTransactionError as exc:
                if code_of(exc) not in _CHANGED:
                    raise
                if exc.index != 1 or not seen:
                    # Its due row stays: another save may be about to make the very same one true.
                    await self._take_back_words(row, seen)
                    raise StoreConflict("the case was changed by somebody else: load it again") from exc
                # Only its due row was postponed meanwhile: what was decided about the case still holds.
                if row.due is not None and row.moves(pointer):
                    await self._due.withdraw(row.case_id, row.due, pointer.version + 1)
                pointer = await self._due.pointer(row.case_id)
            else:
                await self._tidy(row, seen, pointer, lost)
                return row.written(seen, pointer, etags)
        raise StoreConflict("the case's due row keeps moving: load the case again")

    async def _take_back_words(self, row: rows.CaseRow, seen: rows.Seen | None) -> None:
        """Of a save that lost to an erasure, which must not leave the new name behind. Otherwise they stay: another
        save may be about to make them true, and a sweep removes them."""
        if seen is None or row.words_digest == seen.words:
            return
        left = await tables.point(self._connection, names.CASES, row.case_id, rows.CASE, select=["was"])
        if left is None or left.get("was") is not None:
            await self._words.drop(row.case_id, row.words, row.ids)

    async def _announce_words(
        self, row: rows.CaseRow, seen: rows.Seen | None
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Words that must be there before the case has them. Returns words and ids that it is about to lose."""
        if seen is not None and row.words_digest == seen.words:
            return frozenset(), frozenset()
        words, ids = await self._words_of(row.case_id) if seen else (frozenset(), frozenset())
        await self._words.put(row.case_id, row.words - words, row.ids - ids)
        return words - row.words, ids - row.ids

    async def _tidy(
        self,
        row: rows.CaseRow,
        seen: rows.Seen | None,
        pointer: rows.Pointer,
        lost: tuple[frozenset[str], frozenset[str]],
    ) -> None:
        """What follows the case. It is only hints: the case is written, whatever becomes of them."""
        work: list[Awaitable[Any]] = [self._listings.move(seen.place if seen else "", row)]
        if pointer.at is not None and row.moves(pointer):
            work.append(self._due.drop(row.case_id, pointer.at, pointer.version))
        if any(lost):
            work.append(self._words.drop(row.case_id, *lost))
        try:
            await tables.together(work)
        except (OnboardingError, AzureError) as exc:
            observe.failure(log, "store.hints_late", exc, case_id=row.case_id)

    async def _words_of(self, case_id: str) -> tuple[frozenset[str], frozenset[str]]:
        row = await tables.point(self._connection, names.CASES, case_id, rows.CASE, select=["words", "ids"])
        return (rows.words_of(row["words"]), rows.ids_of(row["ids"])) if row else (frozenset(), frozenset())

    async def timeline(self, case_id: str, limit: int = 500) -> list[TimelineEntry]:
        """See CaseStore. The newest rows come first in the partition."""
        found = await tables.scan(
            self._connection, names.CASES, "PartitionKey eq @p and RowKey ge @start and RowKey lt @end",
            max(limit, 0), p=case_id, start=rows.TIMELINE, end=_TIMELINE_END,
        )  # fmt: skip
        with damaged("timeline of case", case_id):
            pages = [unpack(row["entries"], list[TimelineEntry]) for row in reversed(found)]
        return [entry for page in pages for entry in page][-limit:] if found else []

    async def due(self, before: datetime, limit: int) -> list[DueRow]:
        """See CaseStore."""
        return await self._due.due(before, limit)

    async def postpone(self, row: DueRow, until: datetime) -> bool:
        """See CaseStore."""
        return await self._due.postpone(row, until)

    async def search(self, query: CaseQuery, page: str | None = None, size: int = 50) -> Page[CaseSummary]:
        """See CaseStore."""
        return await self._search.page(query, page, size)

    async def counts(self) -> dict[str, int]:
        """See CaseStore."""
        return await self._listings.counts()

    async def walk(self, page: str | None = None, size: int = 200) -> Page[Case]:
        """See CaseStore. A save through what this returns compares as any other does."""
        (after,), size = walk_key(page, 1), page_size(size)
        found = await tables.scan(
            self._connection, names.CASES, "PartitionKey gt @p and ( RowKey eq @case or RowKey eq @due )",
            2 * size + 1, p=after, case=rows.CASE, due=rows.DUE,
        )  # fmt: skip
        due = {row["PartitionKey"]: row for row in found if row["RowKey"] == rows.DUE}
        cases = [row for row in found if row["RowKey"] == rows.CASE]
        token = make_key(cases[size - 1]["PartitionKey"]) if len(cases) > size else None
        return Page(
            [rows.read(row["PartitionKey"], row, due.get(row["PartitionKey"])) for row in cases[:size]],
            token,
        )

    async def mend(self, case: Case) -> tuple[str, ...]:
        """See CaseStore."""
        return await mending.mend(case, self._due, self._listings, self._words)

    async def sweep(self, page: str | None = None, size: int = 500) -> Swept:
        """See CaseStore."""
        return await mending.sweep(self._connection, self._listings, self._words, page, page_size(size))

    async def erase(self, case: Case) -> None:
        """See CaseStore. The case is claimed first, so that no save can win any more, and goes last, so that whoever
        dies in between finds it again; its due row follows it."""
        seen = rows.Seen.of(case.etag)
        entity = await tables.point(self._connection, names.CASES, case.case_id, rows.CASE)
        if entity is None:
            raise StoreConflict("the case is gone already")
        place = entity["place"] or entity.get("was", "")
        (claimed,) = await self._decide([tables.replace({**entity, "place": "", "was": place}, seen.etag)])
        words, ids = rows.words_of(entity["words"]), rows.ids_of(entity["ids"])
        await self._words.drop(case.case_id, words, ids)
        if place:
            await self._listings.drop(place)
        await self._erase_timeline(case.case_id)
        await self._decide(
            [tables.delete(case.case_id, rows.CASE, claimed), tables.delete(case.case_id, rows.DUE)]
        )
        if seen.pointer.at is not None:
            await self._due.drop(case.case_id, seen.pointer.at, seen.pointer.version)

    async def _decide(self, operations: Sequence[tables.Operation]) -> list[str]:
        """A transaction on a case that nobody may have changed."""
        try:
            return await tables.commit(self._connection, names.CASES, operations)
        except TableTransactionError as exc:
            if code_of(exc) in _CHANGED:
                raise StoreConflict("the case was changed by somebody else: load it again") from exc
            raise

    async def _erase_timeline(self, case_id: str) -> None:
        while True:
            found = await tables.scan(
                self._connection, names.CASES, "PartitionKey eq @p and RowKey ge @start and RowKey lt @end",
                tables.TRANSACTION, select=["RowKey"], p=case_id, start=rows.TIMELINE, end=_TIMELINE_END,
            )  # fmt: skip
            if not found:
                return
            await tables.commit(
                self._connection, names.CASES, [tables.delete(case_id, row["RowKey"]) for row in found]
            )

    async def ping(self) -> None:
        """See CaseStore. All three services: a webhook needs a table, a queue and a container."""
        row = {"PartitionKey": "ping", "RowKey": "ping"}
        await tables.together(
            [
                tables.upsert(self._connection, names.MARKERS, row),
                self._connection.on_queue(WORK_QUEUE, lambda client: client.get_queue_properties()),
                self._connection.on_container(names.BODIES, lambda client: client.get_container_properties()),
            ]
        )
        if await tables.point(self._connection, names.MARKERS, "ping", "ping") is None:
            raise Unavailable("the storage account does not give back what was written")
