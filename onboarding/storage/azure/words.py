"""The index of words: `<word>_<case>` in one partition, so that the prefix of a word is a range of rows.

Rows are hints: new ones are written before the case that has the word, obsolete ones removed after it lost it,
and what is found is compared with the case. Ids are looked up as hashes in a partition of their own.
"""

from __future__ import annotations

from collections.abc import Iterable

from onboarding.storage import names
from onboarding.storage.azure import keys, tables
from onboarding.storage.azure.connection import Connection

_WORDS, _IDS = "w", "i"
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
        for partition, found in _rows(case_id, words, ids).items():
            for start in range(0, len(found), tables.TRANSACTION):
                batch = [
                    tables.put({"PartitionKey": partition, "RowKey": key})
                    for key in found[start : start + tables.TRANSACTION]
                ]
                await tables.commit(self._connection, names.WORDS, batch)

    async def drop(self, case_id: str, words: Iterable[str], ids: Iterable[str]) -> None:
        """Remove rows, which may be gone."""
        await tables.together(
            tables.remove(self._connection, names.WORDS, partition, key)
            for partition, found in _rows(case_id, words, ids).items()
            for key in found
        )

    async def missing(self, case_id: str, words: Iterable[str], ids: Iterable[str]) -> bool:
        """True if a row is not there."""
        found = await tables.together(
            tables.point(self._connection, names.WORDS, partition, key)
            for partition, wanted in _rows(case_id, words, ids).items()
            for key in wanted
        )
        return any(row is None for row in found)

    async def with_prefix(self, term: str) -> set[str] | None:
        """Cases with a word that starts so; None where that are too many to be read."""
        start = keys.word(term)
        return await self._range(_WORDS, start, start + _LAST)

    async def with_id(self, value: str) -> set[str] | None:
        """Cases with this employee id, employee number or candidate id."""
        start = keys.digest(value)
        return await self._range(_IDS, start, start + _LAST)

    def keys_of(self, case_id: str, words: Iterable[str], ids: Iterable[str]) -> set[tuple[str, str]]:
        """(partition, row key) of every row that a case has."""
        found = _rows(case_id, words, ids)
        return {(partition, key) for partition, keys_ in found.items() for key in keys_}

    async def _range(self, partition: str, start: str, end: str) -> set[str] | None:
        found = await tables.scan(
            self._connection,
            names.WORDS,
            "PartitionKey eq @p and RowKey ge @start and RowKey lt @end",
            BROAD + 1,
            select=["RowKey"],
            p=partition,
            start=start,
            end=end,
        )
        return None if len(found) > BROAD else {keys.owner(row["RowKey"]) for row in found}


def _rows(case_id: str, words: Iterable[str], ids: Iterable[str]) -> dict[str, list[str]]:
    """Row keys by partition. Words that differ only behind the searched bytes share a row."""
    return {
        _WORDS: sorted({f"{keys.word(word)}_{case_id}" for word in words}),
        _IDS: sorted({f"{keys.digest(value)}_{case_id}" for value in ids}),
    }
