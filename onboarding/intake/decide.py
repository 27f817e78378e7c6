"""What one hire event does to one case. Pure: plain data in, changed case and an outcome out.

Rules in prose:
- A newer event wins field by field, an older one only fills gaps; an event without a time counts as of its
  arrival, and one from the future as of its arrival too. An employee record outranks whatever a candidacy or
  offer said before; an offer says nothing about somebody who is hired, except a moved start date.
- Only certainty `employee` leads on. What is missing then blocks the case with a reason, and the event that
  brings it unblocks it.
- HR can withdraw; an older hire event does not bring the person back, a newer one does. Somebody who comes
  back to an account that exists needs an approver.
- "Deleted" at the vendor may be a mistyped record, an erasure or a cancelled hire: an operator decides.
- Cases that are excluded, closed or cancelled record events and do nothing else.

Entries and reason codes hold codes, counts, times and our own ids.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

from onboarding.casework import entry
from onboarding.domain.case import JOINED, Case, TimelineEntry
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import ACTIVE, Event, State

MISSING_START_DATE = "missing_start_date"
MISSING_NAME = "missing_name"
NO_HR_READER = "no_hr_reader"
HR_DELETED_RECORD = "hr_deleted_record"
APPROVE_REHIRE = "needs_approval_rehire"
APPROVE_SHARED_ID = "needs_approval_shared_id"
CANCELLED_BY_HR = "cancelled_by_hr"
EMPLOYMENT_ENDED = "employment_ended"
#: Blocks that intake made for want of data, and that data mends.
MENDABLE = frozenset({MISSING_START_DATE, MISSING_NAME, NO_HR_READER})

#: Events that say "this person is coming": only they reopen what HR withdrew.
HIRING = frozenset({EventType.HIRE_CREATED, EventType.EMPLOYMENT_STARTED})
_OVER = frozenset({State.CANCELLED, State.CLOSED})
_RANK = {Certainty.DRAFT: 0, Certainty.CANDIDATE: 0, Certainty.OFFER: 1, Certainty.EMPLOYEE: 2}
_PROVISIONED = frozenset({State.FOLLOWING_UP, State.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known about an event beside the event."""

    delivery_id: str
    received_at: datetime
    #: The case was opened for this event.
    opened: bool = False
    #: One of its ids also belongs to somebody who, by another id, is a different person.
    shared_id: bool = False
    #: HR hired the person after the moment of which this event speaks.
    hired_since: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How to lay the case down. `what` None: its next action stays as it is."""

    entries: tuple[TimelineEntry, ...]
    what: str | None = None
    why: str = ""
    #: Due now, and said to the queue.
    look_now: bool = False


def event_time(event: HireEvent, received_at: datetime) -> datetime:
    """When it happened, as far as that can be believed: never after it arrived."""
    return min(event.occurred_at or received_at, received_at)


def apply_event(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """Change `case` by what `event` says, through the lifecycle table; say how to lay it down."""
    if event.event_type is EventType.HIRE_CANCELLED:
        return _withdraw(case, event, about, now, Event.CANCEL, CANCELLED_BY_HR)
    if event.event_type is EventType.EMPLOYMENT_TERMINATED:
        if _is_planned(case, event, now):
            changed = _merge(case, event, about)
            return Outcome((_noted(now, "termination_planned", event, about, changed=changed),))
        return _withdraw(case, event, about, now, Event.CLOSE, EMPLOYMENT_ENDED)
    if event.event_type is EventType.EMPLOYEE_DELETED:
        return _deleted(case, event, about, now)
    return _hired(case, event, about, now)


def settle(case: Case, now: datetime, *, thin: bool = False, shared_id: bool = False) -> Outcome:
    """Lead a case on from `received` or `awaiting_fetch` by what is known of the hire.

    `thin`: the event named the person only by id. Also used after an operator put a case back there.
    """
    if thin or (case.state is State.AWAITING_FETCH and lacking(case)):
        # No reader of HR systems is built yet (they are adapters under hr_api): say so, wait for an operator.
        if case.state is State.RECEIVED:
            case.apply(Event.FETCH_NEEDED)
        return _block(case, now, NO_HR_READER)
    if case.certainty is not Certainty.EMPLOYEE:
        if case.state is State.AWAITING_FETCH:
            case.apply(Event.FETCHED)
        return Outcome((), "await_hire", str(case.certainty))
    if (reason := lacking(case)) is not None:
        return _block(case, now, reason)
    case.apply(Event.HIRE_COMPLETE)
    if case.account is not None and APPROVE_REHIRE not in case.approvals:
        return _block(case, now, APPROVE_REHIRE)
    if shared_id and APPROVE_SHARED_ID not in case.approvals:
        return _block(case, now, APPROVE_SHARED_ID)
    return Outcome((entry(now, "hire_complete"),), "provision", "hire_complete", look_now=True)


def lacking(case: Case) -> str | None:
    """Reason code for what HR has not said yet; None: enough for an account."""
    hire = case.hire
    if not (hire.given_name or hire.family_name or hire.display_name or hire.preferred_name):
        return MISSING_NAME
    return None if hire.start_date else MISSING_START_DATE


def _hired(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    reopened: tuple[TimelineEntry, ...] = ()
    if case.state in _OVER and _reopens(case, event, about):
        _reopen(case, event)
        reopened = (entry(now, "reopened", "hr", account=_account(case)),)
    elif case.state in _OVER or case.state is State.EXCLUDED:
        return Outcome((_noted(now, "event_recorded", event, about),))
    before, candidacy = case.hire.start_date, case.certainty is not Certainty.EMPLOYEE
    changed = _merge(case, event, about)
    hired = candidacy and case.certainty is Certainty.EMPLOYEE
    action = "hire_received" if about.opened or hired else "hire_updated"
    entries = (*reopened, _noted(now, action, event, about, changed=changed))
    moved = (case.hire.start_date - before).days if before and case.hire.start_date else 0
    if moved and case.state in ACTIVE:
        entries += (entry(now, "start_date_moved", "hr", days=moved),)
    outcome = _go_on(case, event, about, now, changed=changed, moved=moved)
    return replace(outcome, entries=entries + outcome.entries)


def _go_on(
    case: Case, event: HireEvent, about: Circumstances, now: datetime, *, changed: str, moved: int
) -> Outcome:
    """Where the case goes from its state, now that the event is merged."""
    thin = event.needs_fetch is not None
    if case.state is State.BLOCKED:
        if case.reason_code not in MENDABLE or thin or _still(case) == case.reason_code:
            return Outcome(())
        case.apply(Event.UNBLOCK)
    if case.state is State.PAUSED:
        return Outcome(())
    if case.state in {State.RECEIVED, State.AWAITING_FETCH}:
        return settle(case, now, thin=thin, shared_id=about.shared_id)
    if case.state is State.WAITING_START and thin:
        case.apply(Event.FETCH_NEEDED)
        return _block(case, now, NO_HR_READER)
    if case.state is State.WAITING_START and about.shared_id and APPROVE_SHARED_ID not in case.approvals:
        return _block(case, now, APPROVE_SHARED_ID)
    if case.state is State.PROVISIONING and moved > 0 and case.account is None and case.intent is None:
        case.apply(Event.START_MOVED)
    if not changed:
        return Outcome(())
    what = "follow_up" if case.state in _PROVISIONED else "provision"
    return Outcome((), what, "start_date_moved" if moved else "hire_updated", look_now=True)


def _still(case: Case) -> str | None:
    """The reason that a mendable block would have now. Without a reader, only a complete hire mends it."""
    if case.reason_code == NO_HR_READER:
        complete = case.certainty is Certainty.EMPLOYEE and lacking(case) is None
        return None if complete else NO_HR_READER
    return lacking(case)


def _withdraw(
    case: Case, event: HireEvent, about: Circumstances, now: datetime, move: Event, reason: str
) -> Outcome:
    """Cancel or close. The entry says whether an account exists: somebody must then disable it."""
    at = event_time(event, about.received_at)
    if (
        case.certainty is Certainty.EMPLOYEE
        and event.certainty is not Certainty.EMPLOYEE
        and not about.opened
    ):
        return Outcome((_noted(now, "offer_withdrawn", event, about),))
    if about.hired_since:
        return Outcome((_noted(now, "withdrawal_outdated", event, about),))
    case.withdrawn_at = max(at, case.withdrawn_at or at)
    case.hire = case.hire.merged(replace(event.hire, phones=None), newer=False)
    over = case.state in {State.CLOSED, State.EXCLUDED} or (
        case.state is State.CANCELLED and move is Event.CANCEL
    )
    if over:
        return Outcome((_noted(now, "event_recorded", event, about),))
    case.apply(move, reason=reason)
    account = _account(case)
    action = "hire_cancelled" if move is Event.CANCEL else "employment_ended"
    access_pass = str(case.access_pass.status) if case.access_pass else None
    noted = _noted(now, action, event, about, account=account, access_pass=access_pass)
    if case.pass_at_large(now):
        return Outcome((noted,), "revoke_pass", reason, look_now=True)
    return Outcome((noted,), "none" if account == "none" else "disable_account", reason)


def _deleted(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    noted = _noted(now, "hr_record_deleted", event, about, account=_account(case))
    if about.hired_since or case.state in _OVER or case.state is State.EXCLUDED:
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
    return Outcome((entry(now, "blocked", reason=reason),), "operator", reason)


def _merge(case: Case, event: HireEvent, about: Circumstances) -> str:
    """Merge the hire; returns the names of the fields that changed, comma-separated."""
    at, before = event_time(event, about.received_at), case.hire
    # Raw numbers leave a case once its account exists (design: storage); they do not come back by an update.
    said = replace(event.hire, phones=None) if case.account else event.hire
    newer = about.opened or _is_newer(case, event, at)
    case.hire = before.merged(said, newer=newer)
    if case.hire.manager and not before.manager:
        case.manager_named_at = about.received_at
        # Only the event that announced the hire is trusted to name who may get the first credential.
        case.manager_changed = not about.opened and event.event_type is not EventType.HIRE_CREATED
    elif case.hire.manager != before.manager:
        case.manager_changed = True
    if newer:
        case.hire_as_of = max(at, case.hire_as_of or at)
    if _RANK[event.certainty] > _RANK[case.certainty]:
        case.certainty = event.certainty
    return ",".join(name for name in _FIELDS if getattr(before, name) != getattr(case.hire, name))


_FIELDS = tuple(item.name for item in fields(Hire))


def _is_newer(case: Case, event: HireEvent, at: datetime) -> bool:
    if _RANK[event.certainty] > _RANK[case.certainty]:
        return True
    unsure = event.certainty in {Certainty.OFFER, Certainty.DRAFT}
    if (
        unsure
        and case.certainty is Certainty.EMPLOYEE
        and event.event_type is not EventType.START_DATE_CHANGED
    ):
        return False
    return case.hire_as_of is None or at >= case.hire_as_of


def _reopens(case: Case, event: HireEvent, about: Circumstances) -> bool:
    if event.event_type not in HIRING or case.reason_code == JOINED:
        return False
    at = event_time(event, about.received_at)
    if case.withdrawn_at is not None:
        return at > case.withdrawn_at
    # Closed because everything was done: only a later start makes this another hire and no echo of the first.
    first, again = case.hire.start_date, event.hire.start_date
    return bool(first and again and again > first)


def _reopen(case: Case, event: HireEvent) -> None:
    """Back to `received`, for a new run: nothing dated of the old one may carry the new one."""
    case.apply(Event.REOPEN)
    case.hire = replace(case.hire, start_date=None, end_date=None, status=None)
    case.hire_as_of, case.withdrawn_at = None, None
    case.certainty = event.certainty
    case.approvals = [reason for reason in case.approvals if reason != APPROVE_REHIRE]
    case.steps.clear()
    case.access_pass = (
        None  # the new run needs one of its own; whatever is left in the tenant is voided first
    )
    if case.rungs:
        case.episode += 1
        case.episode_started_at = None


def _is_planned(case: Case, event: HireEvent, now: datetime) -> bool:
    """An end that lies ahead, after a start: noted now, acted on by the event of its day."""
    end, start = event.effective_date or event.hire.end_date, case.hire.start_date
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
