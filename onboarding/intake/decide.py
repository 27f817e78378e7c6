"""What one hire event does to one case. Pure: plain data in, changed case and an outcome out.

Rules in prose:
- Field by field the newest word stands (`intake.merging`); an event without a time counts as of its arrival, and
  one from the future as of its arrival too.
- Where the hire stands follows from the newest event of each kind, not from the order in which they came: a hire
  event that is newer than everything by which HR withdrew stands; else the end of the employment, else the
  cancellation. Two at the same moment: the withdrawal.
- Only certainty `employee` leads on. What is missing then blocks the case with a reason, and the event that
  brings it unblocks it. Somebody who comes back to an account that exists needs an approver.
- A name or a first day that HR takes back before the account is begun blocks the case like one that never came.
- A hire that is over stands again, too, when a whole record says so that is newer (`intake.comeback`).
- A first day that moves away after its first credential went out leads to another one (`intake.first_day`).
- An event that names the person only by id leads to a read of the HR system (`intake.fetch`): where the facts we
  have may be outdated and the account is not there yet, the case waits for it; later it goes on meanwhile.
- "Deleted" at the vendor may be a mistyped record, an erasure or a cancelled hire: an operator decides. What recruiting
  deletes of somebody whom a hire event or an employee record has confirmed is noted, whenever it comes.
- Cases that are excluded, or closed because all was done, record events and do nothing else.

Entries and reason codes hold codes, counts, times and our own ids.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onboarding.casework import entry
from onboarding.domain.case import Case, TimelineEntry
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import ACTIVE, Event, State
from onboarding.intake import first_day
from onboarding.intake.comeback import Verdict, judge, newer_record
from onboarding.intake.merging import HIRING as HIRING
from onboarding.intake.merging import READ, drop_dates, merge
from onboarding.intake.merging import event_time as event_time
from onboarding.intake.planned_reads import ask, look_back, pending, read_again
from onboarding.intake.standing import (
    APPROVE_REHIRE,
    EXISTING_STAFF,
    end,
    is_finished,
    is_hired_since,
    newest_withdrawal,
    reopen,
    reopens,
    stand,
)
from onboarding.intake.twins import TWO_PEOPLE as TWO_PEOPLE
from onboarding.ports import hr

MISSING_START_DATE = "missing_start_date"
MISSING_NAME = "missing_name"
FIELD_WITHHELD = "hr_field_withheld"
NO_HR_READER = hr.NO_READER
HR_DELETED_RECORD = "hr_deleted_record"
APPROVE_SHARED_ID = "needs_approval_shared_id"
APPROVE_SAME_PERSON = "needs_approval_same_person"
#: Blocks of a read that failed for good; another read may mend them.
READ_FAILED = frozenset(
    {
        hr.NO_READER, hr.NOT_CONFIGURED, hr.SIGN_IN, hr.PERMISSION, hr.RECORD_GONE, hr.UNREADABLE, hr.UNREACHABLE,
        FIELD_WITHHELD,
    }
)  # fmt: skip
#: Blocks that intake made for want of data, and that data mends.
MENDABLE = READ_FAILED | {MISSING_START_DATE, MISSING_NAME}
#: `next_action.what` of a case that waits for a read.
FETCH = "fetch"
#: A record that nobody announced as a hire, of somebody who began longer ago than this, is existing staff.
EXISTING_AFTER = timedelta(days=90)

_OVER = frozenset({State.CANCELLED, State.CLOSED})
_UNDECIDED = frozenset({State.RECEIVED, State.AWAITING_FETCH})
_PROVISIONED = frozenset({State.FOLLOWING_UP, State.CONFIRMED})
_BEFORE_ACCOUNT = frozenset({State.RECEIVED, State.AWAITING_FETCH, State.WAITING_START})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about an event beside the event."""

    delivery_id: str
    received_at: datetime
    #: The case was opened for this event.
    opened: bool = False
    #: One of its ids also belongs to somebody who, by another id, is a different person.
    shared_id: bool = False
    #: How long after an event the HR system may still show what was before it.
    read_lag: timedelta = timedelta(0)
    #: The event is what a read of the HR system gave.
    is_read: bool = False
    #: Names of fields that the read was not allowed to see.
    withheld: tuple[str, ...] = ()
    #: The record may say that a hire stands again, or only not say that it ended: an approver is asked.
    doubtful: bool = False
    #: Somebody who comes back to an account of this case: an approver is asked (`account.rehire` of the policy).
    ask_rehire: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How to lay the case down. `what` None: its next action stays as it is."""

    entries: tuple[TimelineEntry, ...]
    what: str | None = None
    why: str = ""
    #: Due now, and said to the queue.
    look_now: bool = False
    #: Due then (`look_now` aside).
    when: datetime | None = None


def apply_event(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """Change `case` by what `event` says, through the lifecycle table; say how to lay it down."""
    if event.event_type is EventType.HIRE_CANCELLED:
        return _withdraw(case, event, about, now)
    if event.event_type is EventType.EMPLOYMENT_TERMINATED:
        if _is_planned(case, event, now):
            changed = _merge(case, event, about)
            outcome = _look_again(case, about, now)
            noted = _noted(now, "termination_planned", event, about, changed=changed)
            return replace(outcome, entries=(noted, *outcome.entries))
        return _withdraw(case, event, about, now)
    if event.event_type is EventType.EMPLOYEE_DELETED:
        return _deleted(case, event, about, now)
    return _hired(case, event, about, now)


def settle(
    case: Case,
    now: datetime,
    *,
    shared_id: bool = False,
    withheld: tuple[str, ...] = (),
    read: bool = False,
    ask_rehire: bool = True,
) -> Outcome:
    """Lead a case on from `received` or `awaiting_fetch` by what is known of the hire.

    Also used after an operator put a case back there. `read`: the HR system was just asked.
    """
    if (over := _is_over_already(case, now)) is not None:
        return over
    if case.deleted_at is not None and not is_hired_since(case, case.deleted_at):
        return _block(case, now, HR_DELETED_RECORD)
    if (waits := _await_read(case, now, read=read)) is not None:
        return waits
    if case.certainty is not Certainty.EMPLOYEE:
        if read and case.certainty is Certainty.CANDIDATE and _account(case) == "none":
            _keep_ids(case)
        if case.state is State.AWAITING_FETCH:
            case.apply(Event.FETCHED)
        return Outcome((), "await_hire", str(case.certainty))
    if read and _is_existing_staff(case, now):
        return _leave_alone(case, now)
    if (reason := lacking(case)) is not None:
        return _block(case, now, FIELD_WITHHELD if _hides(reason, withheld) else reason)
    case.apply(Event.HIRE_COMPLETE)
    if (approval := _approval(case, shared_id=shared_id, ask_rehire=ask_rehire)) is not None:
        return _block(case, now, approval)
    return Outcome((entry(now, "hire_complete"),), "provision", "hire_complete", look_now=True)


def _is_over_already(case: Case, now: datetime) -> Outcome | None:
    """A withdrawal that came before the hire that it speaks of, or with another case that was joined to this one;
    None: there is none that stands."""
    newest = newest_withdrawal(case)
    if newest is None or is_hired_since(case, newest):
        return None
    case.withdrawn_at = newest
    end(case)
    return _left_over(case, entry(now, "withdrawn_before", "hr", reason=case.reason_code), now)


def lacking(case: Case) -> str | None:
    """Reason code for what HR has not said yet; None: enough for an account."""
    hire = case.hire
    if not (hire.given_name or hire.family_name or hire.display_name or hire.preferred_name):
        return MISSING_NAME
    return None if hire.start_date else MISSING_START_DATE


# --- hires and updates ---------------------------------------------------------------------------------------


def _hired(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    if case.state is State.EXCLUDED or (case.state in _OVER and is_finished(case, event)):
        return Outcome((_noted(now, "event_recorded", event, about),))
    was_over, candidacy = case.state in _OVER, case.certainty is not Certainty.EMPLOYEE
    if not about.is_read:
        event = _as_a_comeback(case, event, about, now)
    again = was_over and reopens(case, event, event_time(event, about.received_at))
    if again:
        reopen(case, event, about.received_at)
    if case.reason_code == EXISTING_STAFF and was_over and not again:
        event = replace(event, hire=_ids(event.hire), cleared=())
    before = case.hire.start_date
    changed = _merge(case, event, about)
    ask(case, event, about.received_at, about.read_lag)
    if was_over and not again:
        stand(case)
        return Outcome((_noted(now, "event_recorded", event, about),))
    reopened = (entry(now, "reopened", "hr", account=_account(case)),) if again else ()
    entries = (*reopened, *_applied(case, event, about, now, changed=changed, was_candidate=candidacy))
    moved = (case.hire.start_date - before).days if before and case.hire.start_date else 0
    if moved and case.state in ACTIVE:
        entries += (entry(now, "start_date_moved", "hr", days=moved),)
    if moved > 0:
        first_day.outdate_pass(case, now)
    if event.snapshot and case.state in _UNDECIDED and _is_existing_staff(case, now):
        outcome = _leave_alone(case, now)
    else:
        outcome = _go_on(case, event, about, now, changed=changed, moved=moved)
    if again and about.doubtful and case.state is State.WAITING_START:
        outcome = _block(case, now, APPROVE_REHIRE)
    return replace(outcome, entries=entries + outcome.entries)


def _as_a_comeback(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> HireEvent:
    """A whole record that is newer than the withdrawal, and stands again, is as good as a hire event.

    Of an event whose record is read, dates and status wait for the read, which is compared with those of before.
    """
    newest = newest_withdrawal(case)
    if newest is None or is_hired_since(case, newest) or event.event_type in HIRING:
        return event
    if event.needs_fetch is not None:
        undated = replace(event.hire, start_date=None, end_date=None, status=None)
        return replace(event, hire=undated) if case.state in _OVER else event
    sure = event.snapshot and event.certainty is Certainty.EMPLOYEE
    if not sure or event_time(event, about.received_at) <= newest:
        return event
    verdict = judge(case, event.hire, event.cleared, event.source, now.date())
    return event if verdict is Verdict.OVER else replace(event, event_type=EventType.HIRE_CREATED)


def _applied(
    case: Case, event: HireEvent, about: Circumstances, now: datetime, *, changed: str, was_candidate: bool
) -> tuple[TimelineEntry, ...]:
    """The entry that says what came in."""
    if about.is_read:
        withheld = ",".join(about.withheld)
        return (entry(now, "hr_record_read", changed=changed or None, withheld=withheld or None),)
    hired = was_candidate and case.certainty is Certainty.EMPLOYEE
    action = "hire_received" if about.opened or hired else "hire_updated"
    return (_noted(now, action, event, about, changed=changed),)


def _go_on(
    case: Case, event: HireEvent, about: Circumstances, now: datetime, *, changed: str, moved: int
) -> Outcome:
    """Where the case goes from its state, now that the event is merged."""
    if (over := _is_over_already(case, now)) is not None:
        return over
    if case.state is State.BLOCKED:
        if not _is_mended(case, event, about):
            return Outcome(())
        case.apply(Event.UNBLOCK)
    if case.state is State.PAUSED:
        return Outcome(())
    if case.state in {State.RECEIVED, State.AWAITING_FETCH}:
        return settle(
            case,
            now,
            shared_id=about.shared_id,
            withheld=about.withheld,
            read=about.is_read,
            ask_rehire=about.ask_rehire,
        )
    if case.state is State.WAITING_START:
        if event.needs_fetch is not None:
            case.apply(Event.FETCH_NEEDED)
            return settle(case, now, ask_rehire=about.ask_rehire)
        approval = _approval(case, shared_id=about.shared_id, ask_rehire=about.ask_rehire)
        if approval is not None and approval != APPROVE_REHIRE:
            return _block(case, now, approval)
    if case.state is State.PROVISIONING and moved > 0 and case.account is None and case.intent is None:
        case.apply(Event.START_MOVED)
    if not changed:
        return Outcome(())
    if case.account is None and case.intent is None and (gone := lacking(case)):
        if case.state is State.PROVISIONING:
            case.apply(Event.START_MOVED)
        if case.state is State.WAITING_START:
            return _block(case, now, gone)
    what = "follow_up" if case.state in _PROVISIONED else "provision"
    return Outcome((), what, "start_date_moved" if moved else "hire_updated", look_now=True)


def _is_mended(case: Case, event: HireEvent, about: Circumstances) -> bool:
    """The event, or the read that it asks for, may take away what the case is blocked for."""
    reason = case.reason_code or ""
    if reason == HR_DELETED_RECORD:
        if case.deleted_at is None:  # recruiting deleted the candidate, who turns out to be hired
            return case.certainty is Certainty.EMPLOYEE
        return is_hired_since(case, case.deleted_at)
    if reason not in MENDABLE:
        return False
    if event.needs_fetch is not None or about.is_read:
        return True
    complete = case.certainty is Certainty.EMPLOYEE and lacking(case) is None
    return complete if reason in READ_FAILED else lacking(case) != reason


def _approval(case: Case, *, shared_id: bool, ask_rehire: bool) -> str | None:
    """What an approver has to say first; None: nothing."""
    given = case.approvals
    if case.account is not None and ask_rehire and APPROVE_REHIRE not in given:
        return APPROVE_REHIRE
    if case.maybe_same is not None and not {APPROVE_SAME_PERSON, TWO_PEOPLE} & set(given):
        return APPROVE_SAME_PERSON
    return APPROVE_SHARED_ID if shared_id and APPROVE_SHARED_ID not in given else None


def _hides(reason: str, withheld: tuple[str, ...]) -> bool:
    """What is missing may be there, and was kept from us."""
    needed = {"start_date"} if reason == MISSING_START_DATE else {"given_name", "family_name", "display_name"}
    return not needed.isdisjoint(withheld)


def _is_existing_staff(case: Case, now: datetime) -> bool:
    """An update of a record brought us here, nobody announced a hire, and the person began long ago."""
    start = case.hire.start_date
    if newest_withdrawal(case) is not None:
        return False
    return case.hired_at is None and start is not None and start < (now - EXISTING_AFTER).date()


def _leave_alone(case: Case, now: datetime) -> Outcome:
    """Not a hire: of whom no more is kept than the ids by which the next event finds this."""
    _keep_ids(case)
    case.apply(Event.CLOSE, reason=EXISTING_STAFF)
    return Outcome((entry(now, "existing_staff"),), "none", EXISTING_STAFF)


def _keep_ids(case: Case) -> None:
    """Nobody hired this person: no more is kept than the ids by which the next event finds the case."""
    case.hire, case.said, case.emptied, case.findings = _ids(case.hire), {}, {}, []


def _ids(hire: Hire) -> Hire:
    return Hire(hire.employee_id, hire.employee_number, hire.candidate_id)


# --- reads ---------------------------------------------------------------------------------------------------


def _await_read(case: Case, now: datetime, *, read: bool) -> Outcome | None:
    """The case waits for a read; None: none is needed."""
    planned = pending(case)
    if planned is None and case.state is State.AWAITING_FETCH and lacking(case) and not read:
        if not read_again(case, now):
            return _block(case, now, NO_HR_READER)
        planned = pending(case)
    if planned is None:
        return None
    if case.state is State.RECEIVED:
        case.apply(Event.FETCH_NEEDED)
    return Outcome((), FETCH, planned.code or "thin_event", when=planned.when)


# --- withdrawals ---------------------------------------------------------------------------------------------


def _withdraw(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """Cancel or close. The entry says whether an account exists: somebody must then disable it."""
    at = event_time(event, about.received_at)
    sure = event.certainty is Certainty.EMPLOYEE
    if case.certainty is Certainty.EMPLOYEE and not sure and not about.opened:
        return Outcome((_noted(now, "offer_withdrawn", event, about),))
    ended = event.event_type is EventType.EMPLOYMENT_TERMINATED
    if sure:
        name = "ended_at" if ended else "cancelled_at"
        setattr(case, name, max(at, getattr(case, name) or at))
    if ended and event.snapshot and (stands := newer_record(case, event.source, at)) is not None:
        case.hired_at = max(stands, case.hired_at or stands)
    if is_hired_since(case, at):
        drop_dates(case, at)
        if case.state in _OVER and reopens(case, event, at):
            reopen(case, event, about.received_at)
        outcome = _look_again(case, about, now)
        noted = _noted(now, "withdrawal_outdated", event, about)
        return replace(outcome, entries=(noted, *outcome.entries))
    if case.state is State.EXCLUDED or (case.state is State.CLOSED and case.withdrawn_at is None):
        return Outcome((_noted(now, "event_recorded", event, about),))
    merge(case, replace(event, hire=replace(event.hire, phones=None)), about.delivery_id, about.received_at,
          opened=about.opened)  # fmt: skip
    case.withdrawn_at = max(at, case.withdrawn_at or at)
    if not about.is_read:
        look_back(case, event.source, at, about.received_at + about.read_lag)
    if case.state in _OVER:
        stand(case)
        return Outcome((_noted(now, "event_recorded", event, about),))
    end(case)
    return _ending(case, event, about, now)


def _ending(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """The entry says whether an account exists."""
    action = "hire_cancelled" if case.state is State.CANCELLED else "employment_ended"
    access_pass = str(case.access_pass.status) if case.access_pass else None
    noted = _noted(now, action, event, about, account=_account(case), access_pass=access_pass)
    return _left_over(case, noted, now)


def _left_over(case: Case, noted: TimelineEntry, now: datetime) -> Outcome:
    """What is left to do for a hire that is over: no pass stays usable, and somebody looks at the account."""
    reason = case.reason_code or ""
    if case.pass_at_large(now):
        return Outcome((noted,), "revoke_pass", reason, look_now=True)
    if _account(case) == "none":
        return Outcome((noted,), "none", reason)
    return Outcome((noted,), "disable_account", reason, look_now=case.state is State.CANCELLED)


def _look_again(case: Case, about: Circumstances, now: datetime) -> Outcome:
    """Facts came or went that the event does not speak of: dates of a hire that is outdated, or another case that
    was joined to this one. Is anything missing now, or no longer?"""
    if case.state in _OVER:
        stand(case)
    if case.state in _OVER or case.state is State.EXCLUDED:
        return Outcome(())
    if (over := _is_over_already(case, now)) is not None:
        return over
    if case.state is State.RECEIVED and case.hired_at is not None:
        return settle(case, now, shared_id=about.shared_id, ask_rehire=about.ask_rehire)
    gone = case.state is State.WAITING_START and lacking(case)
    if gone:
        return _block(case, now, gone)
    if case.state is not State.BLOCKED or case.reason_code not in {MISSING_NAME, MISSING_START_DATE}:
        return Outcome(())
    if lacking(case) == case.reason_code:
        return Outcome(())
    if case.apply(Event.UNBLOCK) is not State.WAITING_START:
        return settle(case, now, shared_id=about.shared_id, ask_rehire=about.ask_rehire)
    missing = lacking(case)
    return _block(case, now, missing) if missing else Outcome((), "provision", "hire_updated", look_now=True)


# --- deletions, blocks, words --------------------------------------------------------------------------------


def _deleted(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    at = event_time(event, about.received_at)
    if event.certainty is not Certainty.EMPLOYEE:
        noted = _noted(now, "candidate_deleted", event, about)
        if case.certainty is Certainty.EMPLOYEE:
            return Outcome((noted,))
    else:
        case.deleted_at = max(at, case.deleted_at or at)
        noted = _noted(now, "hr_record_deleted", event, about, account=_account(case))
    if is_hired_since(case, at) or case.state in _OVER or case.state is State.EXCLUDED:
        return Outcome((noted,))
    if case.state is State.BLOCKED and (case.reason_code or "").startswith("needs_approval_"):
        return Outcome((noted,))  # still waits for an approver, whom no other reason may stand in for
    if case.state is State.BLOCKED:
        case.apply(Event.UNBLOCK)  # to block it for the graver reason, with the same way back
    elif case.state is State.PAUSED:
        case.apply(Event.RESUME)
    outcome = _block(case, now, HR_DELETED_RECORD)
    return replace(outcome, entries=(noted, *outcome.entries))


def _block(case: Case, now: datetime, reason: str) -> Outcome:
    case.apply(Event.BLOCK, reason=reason)
    blocked = entry(now, "blocked", reason=reason)
    if reason == APPROVE_SAME_PERSON:
        which = entry(now, "maybe_same_person", other=case.maybe_same)
        return Outcome((which, blocked), "operator", reason)
    return Outcome((blocked,), "operator", reason)


def _merge(case: Case, event: HireEvent, about: Circumstances) -> str:
    delivery = READ if about.is_read else about.delivery_id
    return merge(case, event, delivery, about.received_at, opened=about.opened)


def _is_planned(case: Case, event: HireEvent, now: datetime) -> bool:
    """An end that lies ahead, after a start: noted now, acted on by the event of its day."""
    end, start = event.effective_date or event.hire.end_date, event.hire.start_date or case.hire.start_date
    return end is not None and end > now.date() and (start is None or end > start)


def _account(case: Case) -> str:
    """`may_exist`: the request to create it was sent and its answer is not known yet."""
    if case.account is not None:
        return "exists"
    return "may_exist" if case.intent is not None else "none"


def _noted(
    now: datetime, action: str, event: HireEvent, about: Circumstances, **detail: object
) -> TimelineEntry:
    occurred = event_time(event, about.received_at).isoformat()
    return entry(
        now,
        action,
        "hr",
        event=event.event_type,
        delivery=about.delivery_id,
        occurred_at=occurred,
        zone="assumed" if event.occurred_at_zone_assumed else None,
        **{name: value for name, value in detail.items() if value != ""},
    )
