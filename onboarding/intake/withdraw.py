"""HR takes a hire back, ends an employment, or deletes a record. Pure.

"Deleted" at the vendor may be a mistyped record, an erasure or a cancelled hire: an operator decides, after an approver
who was asked something before it (`settle.asked_first`); of a hire that is over nobody is asked. Whom an operator had
paused is paused again after the answer. A first credential that is out is called back meanwhile. What recruiting
deletes of somebody whom a hire event or an employee record has confirmed is noted, whenever it comes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from onboarding.domain.beginning import is_in_use
from onboarding.domain.case import WATCH_ENDED, Case
from onboarding.domain.hire import Certainty, EventType, HireEvent
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import TimelineEntry
from onboarding.intake import deletions, ends, number_words, numbers
from onboarding.intake.candidates import applications_of
from onboarding.intake.comeback import newer_record
from onboarding.intake.merging import drop_dates_of_before, event_time, newest_withdrawal, note_cancelled
from onboarding.intake.outcome import (
    HR_DELETED_RECORD,
    OVER,
    PAUSED,
    Circumstances,
    Outcome,
    account_of,
    block,
    kept,
    merged,
    noted_event,
)
from onboarding.intake.planned_reads import look_back
from onboarding.intake.settle import is_over_already, left_over, look_again
from onboarding.intake.standing import (
    CANCELLED_BY_HR,
    EMPLOYMENT_ENDED,
    end,
    is_hired_since,
    reopen,
    reopens,
    stand,
)
from onboarding.ports import CLAIM_LEASE


def withdraw(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """Cancel or close. The entry says whether an account exists: somebody must then disable it."""
    at = event_time(event, about.received_at)
    sure = event.certainty is Certainty.EMPLOYEE
    if case.certainty is Certainty.EMPLOYEE and not sure and not about.opened:
        return Outcome((noted_event(now, "offer_withdrawn", event, about),))
    ended = event.event_type is EventType.EMPLOYMENT_TERMINATED
    if not ended and _is_tidied(case, event, at):
        return Outcome((noted_event(now, "application_withdrawn", event, about),))
    if sure and ended:
        ends.note(case, event.source, at)
    elif sure:
        note_cancelled(case, event, at)
        if case.cancelled_by and newest_withdrawal(case) is None and case.state not in OVER:
            return Outcome((noted_event(now, "application_withdrawn", event, about),))
    if sure and not numbers.alone(event):
        number_words.note_by_id(case, event, at)
    if ended and event.snapshot and (stands := newer_record(case, event.source, at)) is not None:
        case.hired_at = max(stands, case.hired_at or stands)
    if is_hired_since(case, at):
        drop_dates_of_before(case, at)
        known: tuple[TimelineEntry, ...] = ()
        if case.state in OVER and reopens(case, event, at):
            known = reopen(case, event, about.received_at, now)
        outcome = look_again(case, about, now)
        noted = noted_event(now, "withdrawal_outdated", event, about)
        return replace(outcome, entries=(noted, *known, *outcome.entries))
    excluded = case.state is State.EXCLUDED
    if (excluded and not sure) or (case.state is State.CLOSED and case.withdrawn_at is None):
        if sure and case.next_action.why == WATCH_ENDED and case.reason_code is None:
            case.reason_code = (
                EMPLOYMENT_ENDED if ended else CANCELLED_BY_HR
            )  # nothing more is read of who left
        return Outcome((noted_event(now, "event_recorded", event, about),))
    merged(case, replace(event, hire=replace(event.hire, phones=None)), about)
    case.withdrawn_at = max(at, case.withdrawn_at or at)
    if not about.is_read:
        look_back(case, event.source, at, about.received_at + about.read_lag)
    if excluded:
        return kept(case, noted_event(now, "event_kept", event, about))
    if case.state in OVER:
        stand(case)
        return Outcome((noted_event(now, "event_recorded", event, about),))
    end(case)
    return _ending(case, event, about, now)


def _is_tidied(case: Case, event: HireEvent, at: datetime) -> bool:
    """Recruiting puts away the application of somebody who has begun, as an HR system has confirmed."""
    start = case.hire.start_date
    if not applications_of(event) or start is None or at.date() < start:
        return False
    return any("employee_id" in known for source, known in case.ids.items() if source != event.source)


def _ending(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """The entry says whether an account exists."""
    action = "hire_cancelled" if case.state is State.CANCELLED else "employment_ended"
    access_pass = str(case.access_pass.status) if case.access_pass else None
    noted = noted_event(now, action, event, about, account=account_of(case), access_pass=access_pass)
    return left_over(case, noted, now)


def deleted(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    at = event_time(event, about.received_at)
    if event.certainty is not Certainty.EMPLOYEE:
        noted = noted_event(now, "candidate_deleted", event, about)
        if case.certainty is Certainty.EMPLOYEE:
            return Outcome((noted,))
    else:
        noted = noted_event(now, "hr_record_deleted", event, about, account=account_of(case))
        if not deletions.note(case, event, at):
            return Outcome((noted,))
    if case.state in OVER or case.state is State.EXCLUDED:
        return Outcome((noted,))
    if (over := is_over_already(case, now)) is not None:  # by another case that was joined to this one
        return replace(over, entries=(noted, *over.entries))
    if is_hired_since(case, at):
        return Outcome((noted,))
    if case.access_pass is not None and case.pass_at_large(now) and not is_in_use(case):
        # Nobody's until somebody has said that the hire stands; the step then judges to whom another one goes.
        case.access_pass.call_back(now, CLAIM_LEASE)
    if case.state is State.BLOCKED and (case.reason_code or "").startswith("needs_approval_"):
        # Still waits for an approver, whom no other reason may stand in for; asked about after that (`asked_first`).
        return Outcome((noted,))
    if case.state is State.BLOCKED:
        case.apply(Event.UNBLOCK)  # to block it for the graver reason, with the same way back
    elif case.state is State.PAUSED:
        case.apply(Event.RESUME)
        case.questions.append(f"{PAUSED}:{case.case_id}")  # again, once the hire stands
    outcome = block(case, now, HR_DELETED_RECORD)
    return replace(outcome, entries=(noted, *outcome.entries))
