"""A case is written with what happened to it, and only then said to the queue.

A case that HR ended stops nobody any more, and the other one, about which it asks, would go on: to an account for a
hire that may have been taken back, which that case would never hear. So that one asks, too, and is written first.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding import casework
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import ACTIVE
from onboarding.domain.records import NextAction
from onboarding.intake import joining, twins, two_cases
from onboarding.intake.erasure import being_forgotten
from onboarding.intake.merging import newest_withdrawal
from onboarding.intake.outcome import APPROVE_SAME_PERSON, FETCH, OVER, Outcome
from onboarding.intake.planned_reads import pending
from onboarding.ports import Services, WorkMessage


async def lay_down(s: Services, case: Case, outcome: Outcome, now: datetime, queue: str) -> Case:
    """Write the case with its entries, and only then say so to the queue; the due row is there either way."""
    await _hand_on_questions(s, case, now)
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


async def _hand_on_questions(s: Services, case: Case, now: datetime) -> None:
    """Ask whoever a case that is withdrawn asks about. Resumable: who asks is asked no second time."""
    if case.state not in OVER or newest_withdrawal(case) is None:
        return
    for other_id in case.others(APPROVE_SAME_PERSON):
        other = await two_cases.survivor(s, other_id)
        if other is None or other.case_id == case.case_id or being_forgotten(other):
            continue
        known = twins.are_known_as_two(case, other) or await two_cases.is_decided(s, case, other)
        if not known and not await two_cases.is_said(s, case, other, APPROVE_SAME_PERSON):
            await joining.ask(s, other, case, APPROVE_SAME_PERSON, now)


def _read_soon(case: Case, now: datetime) -> float | None:
    """Seconds until a read that a delayed message can wait for; None: there is none, or its due row brings it."""
    planned = pending(case)
    if planned is None or planned.when is None or case.state not in ACTIVE:
        return None
    delay = (planned.when - now) / timedelta(seconds=1)
    return max(delay, 0.0) if delay <= casework.MESSAGE_DELAY_MAX else None
