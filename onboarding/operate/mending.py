"""What the watchdog and the queue's way in put right on one case, and how the case says so."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain.account import PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import ACTIVE, State
from onboarding.domain.nudges import OPEN
from onboarding.followup.escalate import RESOLVED
from onboarding.intake.erasure import being_forgotten
from onboarding.ports import CLAIM_LEASE, Services
from onboarding.provisioning import withdraw
from onboarding.provisioning.steps import issue_access_pass, send_welcome

log = logging.getLogger(__name__)
#: Without progress for longer than this is late.
LATE = timedelta(minutes=15)
#: A claim whose case is looked at within this time is settled by that look.
SOON = timedelta(hours=1)
STALE_CLAIM = "watchdog_stale_claim"
#: Every entry of a timeline.
_WHOLE = 10**6
_LADDER = frozenset({State.WAITING_START, State.PROVISIONING, State.FOLLOWING_UP})
_DOUBT = frozenset({PassStatus.INTENDED, PassStatus.CREATED})
#: Claims of provisioning, and the step that settles each.
_STEPS = {"pass": issue_access_pass.STEP.name, send_welcome.RUNG: send_welcome.STEP.name}


async def hints(s: Services, case: Case, now: datetime) -> tuple[str, ...]:
    """Put the hints of a case that was just read right; an entry names what was wrong. Returns its codes.

    A crash between the two costs the entry. The entry does not count as a change of the case: lists and retention
    go by what happened to the person. Raises StoreConflict when somebody wrote the case meanwhile.
    """
    if being_forgotten(case):
        return ()
    mended = await s.cases.mend(case)
    if mended:
        observe.event(log, "hints_mended", case_id=case.case_id, hints=" ".join(mended))
        await s.cases.save(case, [casework.entry(now, "hints_mended", hints=", ".join(mended))])
    return mended


def works(case: Case) -> bool:
    """Would a queue message make something of the case (`operate.work`)?"""
    return (
        case.state in ACTIVE
        or case.state is State.RECEIVED
        or case.lost_method is not None
        or case.ending_at is not None
        or case.recall_at is not None
        or being_forgotten(case)
        or withdraw.is_due(case)
    )


def is_late(case: Case, now: datetime) -> bool:
    """Its planned moment has long passed, or it works and nothing is planned."""
    when = case.wakes_at
    if case.lost_method is not None and case.lost_method.when < now - LATE:
        return True
    if case.ending_at is not None and case.ending_at < now - LATE:
        return True
    if case.recall_at is not None and case.recall_at < now - LATE:
        return True
    if when is None or case.next_action.when is None:
        return case.state in ACTIVE
    return when < now - LATE and works(case)


async def stale_claim(s: Services, case: Case, now: datetime) -> tuple[str, datetime] | None:
    """What was begun (`pass` or a rung) and when, if it is nobody's any more and not looked at soon; else None.

    Once a claim: one that is open still after that look was left open on purpose. The timeline remembers it.
    """
    for claim, at in _claims(case):
        if at + CLAIM_LEASE + LATE > now or _looked_at(case, claim, now):
            continue
        story = await s.cases.timeline(case.case_id, _WHOLE)
        if not any(e.action == STALE_CLAIM and e.detail.get("claimed_at") == at.isoformat() for e in story):
            return claim, at
    return None


def _claims(case: Case) -> list[tuple[str, datetime]]:
    """Claims that the stage of this state settles when it looks."""
    found = []
    if case.state is State.PROVISIONING and case.access_pass and case.access_pass.status in _DOUBT:
        found.append(("pass", case.access_pass.claimed_at))
    for record in case.rungs.values():
        settles = case.state in _LADDER or (case.state is State.CONFIRMED and record.rung == RESOLVED)
        if settles and record.episode == case.episode and record.status in OPEN:
            found.append((record.rung, record.claimed_at))
    return found


def _looked_at(case: Case, claim: str, now: datetime) -> bool:
    """The plan comes to this claim soon, is its step's own, or waits for working time, in which alone it goes on."""
    planned = case.next_action
    if planned.when is None or planned.when <= now + SOON or planned.why == "working_time":
        return True
    return planned.what == _STEPS.get(claim)
