"""An HR system's API that a test controls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from onboarding.domain.hire import FetchRef, Hire
from onboarding.errors import OnboardingError
from onboarding.ports import HrRecord


@dataclass
class HrApi:
    """`ports.HrApi` that a test fills: what is read, what fails, and what happens while a read is under way."""

    people: dict[str, Hire] = field(default_factory=dict)
    records: dict[str, HrRecord] = field(default_factory=dict)
    errors: list[OnboardingError] = field(default_factory=list)
    lag: timedelta = timedelta(seconds=20)
    reads: list[tuple[str, FetchRef]] = field(default_factory=list)
    meanwhile: object = None

    def settles_in(self, source: str) -> timedelta:
        return self.lag

    async def read(self, source: str, ref: FetchRef) -> HrRecord:
        self.reads.append((source, ref))
        if self.errors:
            raise self.errors.pop(0)
        found = self.records.get(ref.id) or HrRecord(self.people[ref.id])
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()  # type: ignore[operator]
        return found
