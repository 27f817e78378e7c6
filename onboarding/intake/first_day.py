"""A first day that moves. Pure.

Before there is an account, the case waits for the new day, also once it is released from a pause or a block. An account
that an earlier try may have made is looked for first (`provisioning.runner`).

After the first credential went out, it is void, and the new day has its own; so it is where the day moves ahead of the
moment from which the pass can be used. The pass is called back
(`provisioning.recall`), also of a case that is paused or blocked, and the case goes back to where the step issues
passes (`provisioning.steps.issue_access_pass`), which finds out in the tenant whether it was used after all.
"""

from __future__ import annotations

from datetime import datetime, time

from onboarding.domain import calendar
from onboarding.domain.account import PassRecord, PassStatus
from onboarding.domain.beginning import is_in_use
from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.nudges import EMPLOYMENT_ENDED, end_of_last_day
from onboarding.domain.pass_day import NONE, SAID_NO, pass_day
from onboarding.domain.places.place import place_of
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.ports import CLAIM_LEASE

#: The step of `provisioning`.
_ISSUE = "issue_access_pass"
#: A pass that can be used here serves on the first day, which begins in the morning.
_NOON = time(12)


def put_off(case: Case) -> None:
    """After HR named a later first day, or said that it is to be read: nothing is begun before its time. A restore that
    is under way is ended first."""
    if case.account is not None or (case.intent is not None and case.intent.restores):
        return
    if case.state is State.PROVISIONING:
        case.apply(Event.START_MOVED)
    elif case.return_state is State.PROVISIONING:
        case.return_state = State.WAITING_START
    else:
        return
    for record in case.steps.values():  # the wait does not count as time without success
        record.attempts, record.first_failed_at = 0, None
        if record.status is StepStatus.RETRYING:
            record.status, record.code = StepStatus.PENDING, None


def outdate_pass(case: Case, before: Hire, now: datetime) -> None:
    """After HR's word, `before` which the hire was this: call the pass back if it is of no use any more and nobody has
    used it, because the start moved, or the place of work, whose days off or hours are others; and where an approver
    said no to one, and another day lies ahead now, the step judges anew. Whoever is followed up goes back to
    provisioning, also from a pause or a block."""
    off = case.access_pass.days_off if case.access_pass is not None else NONE
    first, day = pass_day(before, off), pass_day(case.hire, off)
    if first is None or day is None:
        return
    if day != first and _is_refused(case, now):
        _issue_anew(case)
        return
    if day == first and place_of(before).zone.zone == place_of(case.hire).zone.zone:
        return
    record = case.access_pass
    if record is None or record.status is PassStatus.VOID or is_in_use(case):
        return
    if not _is_missed(case, record, now):
        return
    record.call_back(now, CLAIM_LEASE)
    _issue_anew(case)


def _is_refused(case: Case, now: datetime) -> bool:
    step, start = case.steps.get(_ISSUE), case.hire.start_date
    if step is None or step.detail != SAID_NO or start is None or is_in_use(case):
        return False
    return now < calendar.local_midnight(start, place_of(case.hire).zone.zone)


def undo_ended(case: Case, before: Hire, now: datetime) -> None:
    """What was left out because the employment was over is done after all, where HR says now that it is not."""
    end = end_of_last_day(case.hire)
    if end == end_of_last_day(before) or (end is not None and end <= now):
        return
    left_out = [name for name, record in case.steps.items() if record.detail == EMPLOYMENT_ENDED]
    for name in left_out:
        case.steps[name] = StepRecord()
    if left_out:
        _back(case)


def _issue_anew(case: Case) -> None:
    case.steps[_ISSUE] = StepRecord()
    _back(case)


def _back(case: Case) -> None:
    if case.state is State.FOLLOWING_UP:
        case.apply(Event.START_MOVED)
    elif case.return_state is State.FOLLOWING_UP:
        case.return_state = State.PROVISIONING


def _is_missed(case: Case, record: PassRecord, now: datetime) -> bool:
    """The pass cannot be used before noon of the new first day (the first working day from it on, by the policy of its
    time), nor yet; or it ends before that day has begun, and the day is not over: a date that HR corrects long
    afterwards needs no other pass."""
    start, zone = pass_day(case.hire, record.days_off), place_of(case.hire).zone.zone
    if start is None:
        return False
    noon = calendar.at_local(start, _NOON, zone)
    if record.usable_from is not None and record.usable_from > max(noon, now):
        return True
    if now >= calendar.local_midnight(calendar.moved(start, 1), zone):
        return False
    return record.usable_until is None or record.usable_until < noon
