"""HR's next word on the one case of a `doubles.World`, applied as intake applies it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, HireEvent
from onboarding.domain.records import NextAction
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import Circumstances
from tests.support.doubles import World


async def says(
    world: World,
    kind: EventType,
    cleared: Collection[str] = (),
    *,
    at: datetime | None = None,
    **changes: Any,
) -> Case:
    """HR says the whole record now, with these changes, as of `at` (None: of now). Returns the case as stored."""
    case, now = await world.case(), world.clock.at
    hire = replace(case.hire, phones=None, **changes)
    event = HireEvent(
        "greenhouse",
        kind,
        hire,
        "x",
        certainty=Certainty.EMPLOYEE,
        occurred_at=at or now,
        cleared=tuple(cleared),
    )
    outcome = apply_event(case, event, Circumstances(f"d_{now:%j%H%M%S}", now), now)
    if outcome.what is not None:
        when = outcome.when or (now if outcome.look_now else None)
        case.next_action = NextAction(outcome.what, when, outcome.why)
    return await world.store.cases.save(case, outcome.entries)
