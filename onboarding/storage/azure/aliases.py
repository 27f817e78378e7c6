"""Alias rows of the azure store: (source, kind, value) → case.

Partition: a hash of the value (values are people's, and keys are written to storage logs). Row: source and kind. So
a claim is one insert, an owner one point read, and everything with one value one small partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onboarding.domain.case import Alias, AliasKind
from onboarding.errors import StoreConflict
from onboarding.ports import Page
from onboarding.storage import names
from onboarding.storage.azure import keys, single, tables
from onboarding.storage.azure.connection import Connection
from onboarding.storage.paging import make_key, page_size, walk_key
from onboarding.storage.rows import damaged

#: Times that a claim or a release meets somebody else's change before it leaves the matter to the caller.
_TRIES = 5


class AzureAliases:
    """The alias part of CaseStore."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def claim_alias(self, alias: Alias, case_id: str) -> str:
        """See CaseStore."""
        for _ in range(_TRIES):
            if await single.insert(self._connection, names.ALIASES, _entity(alias, case_id)) is not None:
                return case_id
            row = await self._row(alias)
            if row is not None:  # else it was released in between
                return str(row["case_id"])
        raise StoreConflict("the alias changes hands all the time: try again")

    async def release_alias(self, alias: Alias, case_id: str) -> None:
        """See CaseStore."""
        for _ in range(_TRIES):
            row = await self._row(alias)
            if row is None or row["case_id"] != case_id:
                return
            try:
                etag = row.metadata["etag"]
                return await single.discard(self._connection, names.ALIASES, *_key(alias), etag)
            except StoreConflict:
                continue
        raise StoreConflict("the alias changes hands all the time: try again")

    async def move_alias(self, alias: Alias, from_case: str, to_case: str) -> None:
        """See CaseStore."""
        row = await self._row(alias)
        if row is None or row["case_id"] != from_case:
            raise StoreConflict("the alias belongs to another case by now: look its owner up again")
        entity = _entity(alias, to_case)
        await single.swap(self._connection, names.ALIASES, entity, row.metadata["etag"])

    async def owners(self, aliases: Sequence[Alias]) -> dict[Alias, str]:
        """See CaseStore. A point read for each alias, many at once."""
        wanted = list(dict.fromkeys(aliases))
        found = await tables.together(self._row(alias) for alias in wanted)
        pairs = zip(wanted, found, strict=True)
        return {alias: str(row["case_id"]) for alias, row in pairs if row is not None}

    async def find_aliases(self, value: str) -> list[tuple[Alias, str]]:
        """See CaseStore."""
        rows = await tables.scan(
            self._connection, names.ALIASES, "PartitionKey eq @p", None, p=keys.digest(value)
        )
        found = [_alias(row) for row in rows]
        return [(alias, owner) for alias, owner in found if alias.value == value]

    async def walk_aliases(self, page: str | None = None, size: int = 500) -> Page[tuple[Alias, str]]:
        """See CaseStore."""
        (partition, row), size = walk_key(page, 2, kind=names.ALIASES), page_size(size)
        rows = await tables.after(self._connection, names.ALIASES, partition, row, size + 1)
        token = None
        if len(rows) > size:
            token = make_key(rows[size - 1]["PartitionKey"], rows[size - 1]["RowKey"], kind=names.ALIASES)
        return Page([_alias(each) for each in rows[:size]], token)

    async def _row(self, alias: Alias) -> Any | None:
        row = await tables.point(self._connection, names.ALIASES, *_key(alias))
        return row if row is not None and row["value"] == alias.value else None


def _key(alias: Alias) -> tuple[str, str]:
    return keys.digest(alias.value), f"{keys.plain(alias.source)}|{alias.kind.value}"


def _entity(alias: Alias, case_id: str) -> dict[str, Any]:
    partition, row = _key(alias)
    return {
        "PartitionKey": partition,
        "RowKey": row,
        "source": alias.source,
        "kind": alias.kind.value,
        "value": alias.value,
        "case_id": case_id,
    }


def _alias(row: Any) -> tuple[Alias, str]:
    with damaged("alias", row["RowKey"]):
        return Alias(row["source"], AliasKind(row["kind"]), row["value"]), str(row["case_id"])
