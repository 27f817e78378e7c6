"""The index of words: `w<word>_<case>` in one partition, so that the prefix of a word is a range of rows.

Rows are hints: new ones are written before the case that has the word, obsolete ones removed after it lost it,
and what is found is compared with the case. Ids are rows `i<hash>_<case>`.
"""

from __future__ import annotations

from collections.abc import Iterable

from onboarding.storage import names
from onboarding.storage.azure import keys, tables
from onboarding.storage.azure.connection import Connection

_PARTITION = "words"
#: First character of a row: a word, or an id.
_WORD, _ID = "w", "i"
#: After every hexadecimal digit: closes the range of a prefix.
_LAST = "g"
#: Rows read for one word of a query. A word that more cases have does not narrow.
BROAD = 5000


class WordIndex:
    """Words and ids of one store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, case_id: str, words: Iterable[str], ids: Iterable[str]) -> None:
        """Write rows; those that are there stay."""
        found = sorted(keys_of(case_id, words, ids))
        for start in range(0, len(found), tables.TRANSACTION):
            batch = [
                tables.put({"PartitionKey": _PARTITION, "RowKey": key})
                for key in found[start : start + tables.TRANSACTION]
            ]
            await tables.commit(self._connection, names.WORDS, batch)

    async def drop(self, case_id: str, words: Iterable[str], ids: Iterable[str]) -> None:
        """Remove rows, which may be gone."""
        await self.drop_keys(keys_of(case_id, words, ids))

    async def drop_keys(self, found: Iterable[str]) -> None:
        """Remove rows by their keys."""
        await tables.together(tables.remove(self._connection, names.WORDS, _PARTITION, key) for key in found)

    async def missing(self, case_id: str, words: Iterable[str], ids: Iterable[str]) -> bool:
        """True if a row is not there."""
        found = await tables.together(
            tables.point(self._connection, names.WORDS, _PARTITION, key)
            for key in keys_of(case_id, words, ids)
        )
        return any(row is None for row in found)

    async def with_prefix(self, term: str) -> set[str] | None:
        """Cases with a word that starts so; None where that are too many to be read."""
        return await self._range(_WORD + keys.word(term))

    async def with_id(self, value: str) -> set[str] | None:
        """Cases with this employee id, employee number or candidate id."""
        return await self._range(_ID + keys.digest(value))

    async def page(self, after: str, limit: int) -> list[str]:
        """The next `limit` row keys."""
        found = await tables.scan(
            self._connection,
            names.WORDS,
            "PartitionKey eq @p and RowKey gt @after",
            limit,
            select=["RowKey"],
            p=_PARTITION,
            after=after,
        )
        return [row["RowKey"] for row in found]

    async def _range(self, start: str) -> set[str] | None:
        found = await tables.scan(
            self._connection,
            names.WORDS,
            "PartitionKey eq @p and RowKey ge @start and RowKey lt @end",
            BROAD + 1,
            select=["RowKey"],
            p=_PARTITION,
            start=start,
            end=start + _LAST,
        )
        return None if len(found) > BROAD else {keys.owner(row["RowKey"]) for row in found}


def keys_of(case_id: str, words: Iterable[str], ids: Iterable[str]) -> set[str]:
    """Row keys of a case. Words that differ only behind the searched bytes share a row."""
    found = {f"{_WORD}{keys.word(word)}_{case_id}" for word in words}
    return found | {f"{_ID}{keys.digest(value)}_{case_id}" for value in ids}
