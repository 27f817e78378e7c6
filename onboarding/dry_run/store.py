"""The store of a rehearsal: reads are the real store's, what is written stays here."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from onboarding.domain.case import Alias, Case
from onboarding.domain.records import TimelineEntry
from onboarding.errors import StoreConflict
from onboarding.ports import CaseStore, Marker


class ScratchCases:
    """The part of `ports.CaseStore` that steps and follow-up use. Anything else is refused by not being there.

    Names claimed by one person of a plan are taken for the next one. Markers (budgets, limits) are a person's own:
    people are rehearsed one after the other, each from now on.
    """

    def __init__(self, real: CaseStore) -> None:
        self._real = real
        self._cases: dict[str, Case] = {}
        self._claims: dict[Alias, str | None] = {}
        self._markers: dict[str, Marker] = {}
        self._writes = 0

    def start(self, case: Case) -> Case:
        """A copy of this case to work on."""
        self._markers = {}
        trial = copy.deepcopy(case)
        self._cases[case.case_id] = trial
        return copy.deepcopy(trial)

    async def get(self, case_id: str) -> Case | None:
        if case_id in self._cases:
            return copy.deepcopy(self._cases[case_id])
        return await self._real.get(case_id)

    async def save(self, case: Case, timeline: Sequence[TimelineEntry] = ()) -> Case:
        known = self._cases.get(case.case_id)
        if known is None or known.etag != case.etag:
            raise StoreConflict("The case was written meanwhile: load it again.")
        self._writes += 1
        case.etag = f"dry-run-{self._writes}"
        self._cases[case.case_id] = copy.deepcopy(case)
        return case

    async def claim_alias(self, alias: Alias, case_id: str) -> str:
        owner = (await self.owners([alias])).get(alias)
        if owner is None:
            self._claims[alias] = owner = case_id
        return owner

    async def release_alias(self, alias: Alias, case_id: str) -> None:
        if (await self.owners([alias])).get(alias) == case_id:
            self._claims[alias] = None

    async def owners(self, aliases: Sequence[Alias]) -> dict[Alias, str]:
        unknown = [alias for alias in aliases if alias not in self._claims]
        found = dict(await self._real.owners(unknown)) if unknown else {}
        for alias in aliases:
            if owner := self._claims.get(alias):
                found[alias] = owner
        return found

    async def find_aliases(self, value: str) -> list[tuple[Alias, str]]:
        return await self._real.find_aliases(value)

    async def counts(self) -> dict[str, int]:
        return await self._real.counts()

    async def timeline(self, case_id: str, limit: int = 500) -> list[TimelineEntry]:
        return await self._real.timeline(case_id, limit)

    async def read_marker(self, name: str) -> Marker | None:
        return self._markers.get(name) or await self._real.read_marker(name)

    async def write_marker(self, name: str, value: Mapping[str, Any], etag: str | None) -> Marker:
        known = await self.read_marker(name)
        if (known.etag if known else None) != etag:
            raise StoreConflict("The marker was written meanwhile.")
        self._writes += 1
        self._markers[name] = Marker(dict(value), f"dry-run-{self._writes}")
        return self._markers[name]
