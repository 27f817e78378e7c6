"""Putting hints right: those of one case, and those that belong to none."""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.errors import RequestError
from onboarding.ports import Swept
from onboarding.storage import names
from onboarding.storage.azure import keys, rows, tables
from onboarding.storage.azure.connection import Connection
from onboarding.storage.azure.due import DueIndex
from onboarding.storage.azure.listings import Listings
from onboarding.storage.azure.words import WordIndex, keys_of
from onboarding.storage.paging import make_key, walk_key


async def mend(case: Case, due: DueIndex, listings: Listings, words: WordIndex) -> tuple[str, ...]:
    """See CaseStore.mend."""
    seen, row = rows.Seen.of(case.etag), rows.CaseRow.of(case)
    mended: list[str] = []
    # The pointer may be later than the case says: the row was postponed, and somebody is at it.
    pointer = seen.pointer
    if pointer.at is not None and not await due.has(case.case_id, pointer.at, pointer.version):
        await due.put(case.case_id, pointer.at, pointer.version)
        mended.append("due_row")
    if row.place and not await listings.has(row):
        await listings.move("", row)
        mended.append("list_row")
    if await words.missing(case.case_id, row.words, row.ids):
        await words.put(case.case_id, row.words, row.ids)
        mended.append("words")
    return tuple(mended)


async def sweep(
    connection: Connection, listings: Listings, words: WordIndex, page: str | None, size: int
) -> Swept:
    """See CaseStore.sweep: the lists, then the words. A due row too many fires once and is gone by itself."""
    table, partition, key = walk_key(page) if page else (names.LISTINGS, "", "")
    if table == names.LISTINGS:
        removed, last = await listings.orphans(partition, key, size)
        return Swept(removed, make_key(table, *last) if last else make_key(names.WORDS, "", ""))
    if table == names.WORDS:
        removed, last_key = await _orphaned_words(connection, words, key, size)
        return Swept(removed, make_key(table, "", last_key) if last_key else None)
    raise RequestError("the page token is not one of ours: start at the first page", code="bad_page_token")


async def _orphaned_words(
    connection: Connection, words: WordIndex, after: str, size: int
) -> tuple[int, str | None]:
    """A word is written before the case that has it. One that is swept away in between is mended by the next
    round over the cases, and until then only not found."""
    found = await words.page(after, size)
    owners = sorted({keys.owner(key) for key in found})
    cases = await tables.together(
        tables.point(connection, names.CASES, owner, rows.CASE, select=["words", "ids"]) for owner in owners
    )
    true: set[str] = set()
    for owner, case in zip(owners, cases, strict=True):
        if case is not None:
            true |= keys_of(owner, rows.words_of(case["words"]), rows.ids_of(case["ids"]))
    orphans = [key for key in found if key not in true]
    await words.drop_keys(orphans)
    return len(orphans), found[-1] if len(found) == size else None
