"""Counters of the usage report: kept when evidence is taken, read by keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from onboarding.domain.usage import Cell, Group, UsageEvent
from onboarding.ports.cases import Page


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One row as it is kept, for exports. `kind`: `count` (with `group`, `people`, `counts`), `event` or `person`
    (marks that something was counted already; `mark` is a digest that leads back to nobody). A week is kept in parts,
    whose counts are added up."""

    kind: str
    week: str
    part: int = 0
    mark: str = ""
    group: Group = field(default_factory=Group)
    people: int = 0
    counts: dict[str, int] = field(default_factory=dict)


class UsageStore(Protocol):
    """Counts by week and group. No row names a person: marks are digests, and go after some weeks."""

    async def count(self, person: str, groups: Sequence[Group], events: Sequence[UsageEvent]) -> int:
        """Count the events of one person that were not counted before, by id, in each group; returns how many.

        All of one week happens whole or not at all, so a repeat after a crash counts nothing twice and loses nothing.
        `person` tells people of one week apart; only a digest of it is kept.
        """
        ...

    async def cells(self, weeks: Sequence[str], kind: str) -> list[Cell]:
        """The groups of this kind in these weeks ("": everybody). Costs by weeks and groups, not by people."""
        ...

    async def forget_marks(self, week: str, limit: int) -> int:
        """Remove up to `limit` marks of this week; its counts stay. Fewer than `limit` returned: none is left."""
        ...

    async def walk(self, page: str | None = None, size: int = 500) -> Page[UsageRow]:
        """Every row once."""
        ...

    async def restore(self, row: UsageRow) -> None:
        """Put one row of a walk, whatever was there."""
        ...
