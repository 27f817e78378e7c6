"""A case is written with what happened to it, and only then said to the queue."""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding import casework
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import ACTIVE
from onboarding.domain.records import NextAction
from onboarding.intake.outcome import FETCH, Outcome
from onboarding.intake.planned_reads import pending
from onboarding.ports import Services, WorkMessage


async def lay_down(s: Services, case: Case, outcome: Outcome, now: datetime, queue: str) -> Case:
    """Write the case with its entries, and only then say so to the queue; the due row is there either way."""
    if outcome.what is not None:
        when = now if outcome.look_now else outcome.when
        case.next_action = NextAction(outcome.what, when, outcome.why)
    if case.etag is None:
        case.updated_at = now
        saved = await s.cases.create(case, outcome.entries)
    else:
        saved = await casework.save(s, case, now, *outcome.entries)
    if outcome.look_now:
        await s.queue.send(WorkMessage(case_id=case.case_id, why=outcome.why), queue=queue)
    elif (delay := _read_soon(case, now)) is not None:
        await s.queue.send(WorkMessage(case_id=case.case_id, why=FETCH), queue=queue, delay=delay)
    return saved


def _read_soon(case: Case, now: datetime) -> float | None:
    """Seconds until a read that a delayed message can wait for; None: there is none, or its due row brings it."""
    planned = pending(case)
    if planned is None or planned.when is None or case.state not in ACTIVE:
        return None
    delay = (planned.when - now) / timedelta(seconds=1)
    return max(delay, 0.0) if delay <= casework.MESSAGE_DELAY_MAX else None
