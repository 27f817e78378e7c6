"""Where a case goes from `received` or `awaiting_fetch`, by what is known of the hire; and what a hire that is over
leaves to do. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding.casework import entry
from onboarding.domain import beginning
from onboarding.domain.case import ABOUT_CASE, Case
from onboarding.domain.hire import Certainty, Hire
from onboarding.domain.lifecycle import ACTIVE, Event, State
from onboarding.domain.records import TimelineEntry
from onboarding.intake import words
from onboarding.intake.merging import newest_withdrawal
from onboarding.intake.outcome import (
    APPROVE_SAME_PERSON,
    EXCLUDED,
    FETCH,
    FIELD_WITHHELD,
    HR_DELETED_RECORD,
    MISSING_NAME,
    MISSING_START_DATE,
    NO_HR_READER,
    OVER,
    TWO_ACCOUNTS,
    Circumstances,
    Outcome,
    account_of,
    block,
)
from onboarding.intake.planned_reads import pending, read_again
from onboarding.intake.standing import (
    APPROVE_REHIRE,
    APPROVE_UNCLEAR,
    EXISTING_STAFF,
    end,
    is_hired_since,
    stand,
    withdrawn_since_hired,
)
from onboarding.intake.two_cases import ASKED_ANEW, TWO_PEOPLE

#: Where a case goes on without `settle`, which asks before that.
ASKED = ACTIVE - {State.AWAITING_FETCH}
#: A record that nobody announced as a hire, of somebody who began longer ago than this, is existing staff.
EXISTING_AFTER = timedelta(days=90)


def settle(
    case: Case,
    now: datetime,
    *,
    withheld: tuple[str, ...] = (),
    read: bool = False,
    ask_rehire: bool = True,
) -> Outcome:
    """Lead a case on from `received` or `awaiting_fetch` by what is known of the hire.

    Also used after an operator put a case back there. `read`: the HR system was just asked.
    """
    if (over := is_over_already(case, now)) is not None:
        return over
    if is_deleted(case):
        return block(case, now, HR_DELETED_RECORD)
    if (waits := _await_read(case, now, read=read)) is not None:
        return waits
    if case.certainty is not Certainty.EMPLOYEE:
        if read and case.certainty is Certainty.CANDIDATE and account_of(case) == "none":
            _keep_ids(case)
        if case.state is State.AWAITING_FETCH:
            case.apply(Event.FETCHED)
        return Outcome((), "await_hire", str(case.certainty))
    if read and is_existing_staff(case, now):
        return leave_alone(case, now)
    if (reason := lacking(case)) is not None:
        return block(case, now, FIELD_WITHHELD if _hides(reason, withheld) else reason)
    case.apply(Event.HIRE_COMPLETE)
    if case.open_question is not None:
        case.questions.append(case.open_question)
        case.open_question = None
    if approval := approval_needed(case, ask_rehire=ask_rehire):
        return block(case, now, approval)
    return Outcome((entry(now, "hire_complete"),), "provision", "hire_complete", look_now=True)


def is_over_already(case: Case, now: datetime) -> Outcome | None:
    """A withdrawal that came before the hire that it speaks of, or with another case that was joined to this one;
    None: there is none that stands."""
    newest = withdrawn_since_hired(case)
    if newest is None:
        return None
    case.withdrawn_at = newest
    end(case)
    return left_over(case, entry(now, "withdrawn_before", "hr", reason=case.reason_code), now)


def lacking(case: Case) -> str | None:
    """Reason code for what HR has not said yet; None: enough for an account."""
    hire = case.hire
    if not (hire.given_name or hire.family_name or hire.display_name or hire.preferred_name):
        return MISSING_NAME
    return None if hire.start_date else MISSING_START_DATE


def approval_needed(case: Case, *, ask_rehire: bool) -> str | None:
    """What an approver, or of two accounts an operator, has to say first; None: nothing."""
    back = case.account is not None and case.rehired_at is not None
    if back and ask_rehire and APPROVE_REHIRE not in case.approvals:
        return APPROVE_REHIRE
    return open_question(case)


def open_question(case: Case) -> str | None:
    """What else somebody has to decide before the start, as far as the case tells, or how an operator had stopped a
    case that was joined to this one (`outcome.block`); None: nothing."""
    if (word := excluded_elsewhere(case)) is not None:
        return word
    if case.second_account is not None:
        return TWO_ACCOUNTS
    if is_doubtful(case):
        return APPROVE_SAME_PERSON
    return next((word for word in case.questions if word.partition(":")[0] not in ABOUT_CASE), None)


def excluded_elsewhere(case: Case) -> str | None:
    """The word that an operator had excluded a case that was joined to this one; None: there is none."""
    return next((word for word in case.questions if word.startswith(f"{EXCLUDED}:")), None)


def asked_first(case: Case) -> str | None:
    """What somebody has to decide before anything more is done, wherever the case is: a deletion of the record may have
    come while another question was open, or with another case that was joined to this one. None: nothing."""
    if case.state in ACTIVE and is_deleted(case):
        return HR_DELETED_RECORD
    return open_question(case) if case.state in ASKED else None


def is_deleted(case: Case) -> bool:
    """HR deleted the record, has not hired the person since, and no operator has said that the hire stands."""
    return case.deleted_at is not None and not is_hired_since(case, case.deleted_at)


def is_doubtful(case: Case) -> bool:
    """Somebody else may be the same person, and nobody has said whether they are. (Who was said to be is joined to
    this case before it goes on.)"""
    other = case.maybe_same
    if other is None or case.is_said(ASKED_ANEW, other):
        return other is not None
    if TWO_PEOPLE in case.approvals:
        return False
    return not (case.is_said(APPROVE_SAME_PERSON, other) or case.is_said(TWO_PEOPLE, other))


def _hides(reason: str, withheld: tuple[str, ...]) -> bool:
    """What is missing may be there, and was kept from us."""
    needed = {"start_date"} if reason == MISSING_START_DATE else {"given_name", "family_name", "display_name"}
    return not needed.isdisjoint(withheld)


def is_existing_staff(case: Case, now: datetime) -> bool:
    """An update of a record brought us here, nobody announced a hire, and the person began long ago."""
    start = case.hire.start_date
    if newest_withdrawal(case) is not None:
        return False
    return case.hired_at is None and start is not None and start < (now - EXISTING_AFTER).date()


def leave_alone(case: Case, now: datetime) -> Outcome:
    """Not a hire: of whom no more is kept than the ids by which the next event finds this."""
    _keep_ids(case)
    case.questions = [word for word in case.questions if word != APPROVE_UNCLEAR]
    case.apply(Event.CLOSE, reason=EXISTING_STAFF)
    return Outcome((entry(now, "existing_staff"),), "none", EXISTING_STAFF)


def _keep_ids(case: Case) -> None:
    """Nobody hired this person: no more is kept than the ids by which the next event finds the case."""
    case.hire, case.said, case.emptied, case.findings = only_ids(case.hire), {}, {}, []
    case.first_days = {}
    words.forget_behind(case)


def only_ids(hire: Hire) -> Hire:
    return Hire(hire.employee_id, hire.employee_number, hire.candidate_id)


def _await_read(case: Case, now: datetime, *, read: bool) -> Outcome | None:
    """The case waits for a read; None: none is needed."""
    planned = pending(case)
    if planned is None and case.state is State.AWAITING_FETCH and lacking(case) and not read:
        if not read_again(case, now):
            return block(case, now, NO_HR_READER)
        planned = pending(case)
    if planned is None:
        return None
    if case.state is State.RECEIVED:
        case.apply(Event.FETCH_NEEDED)
    return Outcome((), FETCH, planned.code or "thin_event", when=planned.when)


def left_over(case: Case, noted: TimelineEntry, now: datetime) -> Outcome:
    """What is left to do for a hire that is over: no pass stays usable, the account of whoever never began is disabled,
    and somebody looks at that of whoever did."""
    reason = case.reason_code or ""
    if case.access_pass is not None and case.pass_at_large(now):
        case.access_pass.recall = None  # the withdrawal sees to it
        return Outcome((noted,), "revoke_pass", reason, look_now=True)
    if account_of(case) == "none":
        return Outcome((noted,), "none", reason)
    return Outcome((noted,), "disable_account", reason, look_now=beginning.is_in_vain(case, now))


def look_again(case: Case, about: Circumstances, now: datetime) -> Outcome:
    """Facts came or went that the event does not speak of: dates of a hire that is outdated, or another case that
    was joined to this one. Is anything missing now, or no longer?"""
    if case.state in OVER:
        stand(case)
    if case.state in OVER or case.state is State.EXCLUDED:
        return Outcome(())
    if (over := is_over_already(case, now)) is not None:
        return over
    if case.state is State.RECEIVED and case.hired_at is not None:
        return settle(case, now, ask_rehire=about.ask_rehire)
    gone = case.state is State.WAITING_START and lacking(case)
    if gone:
        return block(case, now, gone)
    if case.state is not State.BLOCKED or case.reason_code not in {MISSING_NAME, MISSING_START_DATE}:
        return Outcome(())
    if lacking(case) == case.reason_code:
        return Outcome(())
    if case.apply(Event.UNBLOCK) is not State.WAITING_START:
        return settle(case, now, ask_rehire=about.ask_rehire)
    missing = lacking(case)
    return block(case, now, missing) if missing else Outcome((), "provision", "hire_updated", look_now=True)
