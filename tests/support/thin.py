"""A vendor whose events name the person only by an id, and an HR system that a test controls.

The adapter is the standard door with another `parse`, so that it follows whatever the vendor contract becomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from onboarding.domain.hire import Certainty, EventType, FetchRef, Hire, HireEvent
from onboarding.errors import OnboardingError
from onboarding.hr_api import readers
from onboarding.intake import catalog
from onboarding.intake.adapter import Adapter
from onboarding.intake.payload import Payload
from onboarding.ports import HrRecord

SLUG = "bamboohr"
KINDS = {
    "created": EventType.HIRE_CREATED,
    "updated": EventType.HIRE_UPDATED,
    "deleted": EventType.EMPLOYEE_DELETED,
    "left": EventType.EMPLOYMENT_TERMINATED,
}


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """`{"type": "created", "id": "7", "at": "2026-08-17T09:00:00Z"}`."""
    identifier, kind = payload.identifier("id"), payload.text("type")
    thin = kind in {"created", "updated"}
    return [
        HireEvent(
            source="",
            event_type=KINDS[kind],
            hire=Hire(employee_id=identifier),
            vendor_event_type=kind,
            certainty=Certainty.EMPLOYEE,
            occurred_at=payload.optional_instant("at"),
            needs_fetch=FetchRef("employee", identifier) if thin else None,
        )
    ]


def adapter() -> Adapter:
    return replace(catalog.adapters()["standard-webhooks"], slug=SLUG, title="Thin", parse=parse)


def install(patch: pytest.MonkeyPatch | None = None, *, lag: float | None = None) -> None:
    """Put the adapter into the catalog; `lag` replaces the reader's, in seconds. Without `patch` it stays."""
    catalogued = MappingProxyType({**catalog.adapters(), SLUG: adapter()})
    known = dict(readers.readers())
    if lag is not None:
        known[SLUG] = replace(known[SLUG], lag=timedelta(seconds=lag))
    for module, name, value in ((catalog, "adapters", catalogued), (readers, "readers", known)):
        made = _constant(value)
        if patch is None:
            setattr(module, name, made)
        else:
            patch.setattr(module, name, made)


def _constant(value: object):
    def answer() -> object:
        return value

    return answer


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
