"""What one hire event does to one case. Pure: plain data in, changed case and an outcome out.

Rules in prose:
- Field by field the newest word stands, an HR system's before recruiting's (`intake.merging`); an event without a time
  counts as of its arrival, and one from the future as of its arrival too.
- Where the hire stands follows from the newest event of each kind, not from the order in which they came: a hire
  event that is newer than everything by which HR withdrew stands; else the end of the employment, else the
  cancellation. Two at the same moment: the withdrawal.
- Only certainty `employee` leads on. What is missing then blocks the case with a reason, and the event that
  brings it unblocks it. Somebody who comes back to an account that exists needs an approver.
- A name or a first day that HR takes back before the account is begun blocks the case like one that never came.
- An end of the employment that lies ahead, after the first day, is noted as the end date; no more happens before it,
  and the employment has ended after it (`intake.announced_end`).
- A hire that is over stands again, too, when a whole record says so that is newer, or an approver does of a hire that
  may be newer (`intake.comeback`).
- A first day that moves away before there is an account is waited for, whatever holds the case; one that moves after
  its first credential went out leads to another one (`intake.first_day`), and so does another manager than the one who
  holds it (`intake.former_manager`). All that follows from other facts than before: `intake.changed_facts`.
- An event that names the person only by id leads to a read of the HR system (`intake.fetch`): where the facts we
  have may be outdated and the account is not there yet, the case waits for it; later it goes on meanwhile.
- Withdrawals and deletions: `intake.withdraw`. Where a case goes from there: `intake.settle`.
- Of somebody who is excluded every word is kept and nothing is done; whoever includes them again goes by the newest.
- Cases that are closed because all was done record events and do nothing else.

Entries and reason codes hold codes, counts, times and our own ids.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from onboarding.casework import entry
from onboarding.domain import beginning
from onboarding.domain.account import OWN_ORIGINS
from onboarding.domain.case import JOINED, Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.lifecycle import ACTIVE, Event, State
from onboarding.domain.places.place import usage_location
from onboarding.domain.records import TimelineEntry
from onboarding.intake import changed_facts, ends, first_day, leave_date
from onboarding.intake.comeback import Verdict, announced_anew, judge
from onboarding.intake.merging import HIRING, event_time, newest_withdrawal, note_hire, planned_end
from onboarding.intake.outcome import (
    APPROVE_SAME_PERSON,
    HR_DELETED_RECORD,
    MENDABLE,
    NO_LOCATION,
    OVER,
    READ_FAILED,
    Circumstances,
    Outcome,
    account_of,
    ask_of_former,
    block,
    is_clear,
    kept,
    merged,
    noted_event,
)
from onboarding.intake.planned_reads import ask
from onboarding.intake.settle import (
    approval_needed,
    excluded_elsewhere,
    is_existing_staff,
    is_over_already,
    lacking,
    leave_alone,
    look_again,
    only_ids,
    open_question,
    settle,
)
from onboarding.intake.standing import (
    APPROVE_REHIRE,
    APPROVE_UNCLEAR,
    EXISTING_STAFF,
    end,
    is_finished,
    is_hired_since,
    reopen,
    reopens,
    stand,
    withdrawn_since_hired,
)
from onboarding.intake.withdraw import deleted, withdraw

_UNDECIDED = frozenset({State.RECEIVED, State.AWAITING_FETCH})
_PROVISIONED = frozenset({State.FOLLOWING_UP, State.CONFIRMED})
_BEGUN = _PROVISIONED | {State.PROVISIONING}
_WORKED_ON = _BEGUN | {State.WAITING_START}


def apply_event(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """Change `case` by what `event` says, through the lifecycle table; say how to lay it down."""
    beginning.note(case, about.received_at)
    leave_date.note(case)
    if event.event_type is EventType.HIRE_CANCELLED:
        return _withdrawn(case, event, about, now)
    if event.event_type is EventType.EMPLOYEE_DELETED:
        return deleted(case, event, about, now)
    event, taken_back = ends.by_flag(case, event, event_time(event, about.received_at))
    about = replace(about, taken_back=taken_back)
    if event.event_type is EventType.EMPLOYMENT_TERMINATED:
        if (end := planned_end(event, event.hire.start_date or case.hire.start_date, now)) is not None:
            return _planned(case, replace(event, hire=replace(event.hire, end_date=end)), about, now)
        return _withdrawn(case, event, about, now)
    if (anew := announced_anew(case, event, about.received_at)) is not None:
        event, about = replace(event, occurred_at=anew), replace(about, doubtful=True)
    return _hired(case, event, about, now)


def apply_join(case: Case, now: datetime, *, ask_rehire: bool) -> Outcome:
    """Where the case goes on after another one was joined to it by an approver's word, which HR said nothing with."""
    if case.state in OVER and case.reason_code != JOINED:
        stand(case)
    if case.state in OVER or case.state is State.EXCLUDED:
        return Outcome(())
    nothing = HireEvent(case.source, EventType.HIRE_UPDATED, Hire(), JOINED, certainty=case.certainty)
    return _go_on(
        case, nothing, Circumstances(JOINED, now, ask_rehire=ask_rehire), now, changed=JOINED, moved=0
    )


def _withdrawn(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    before = case.hire
    outcome = withdraw(case, event, about, now)
    ask_of_former(case)
    changed_facts.follow(case, before, now)
    return outcome


def _hired(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    if case.state is State.EXCLUDED:
        return _kept(case, event, about, now)
    if case.state in OVER and is_finished(case, event):
        return Outcome((noted_event(now, "event_recorded", event, about),))
    candidacy = case.certainty is not Certainty.EMPLOYEE
    if not about.is_read:
        event = _as_a_comeback(case, event, about, now)
    _end_before(case, event, about)
    at, taken_back, was_over = event_time(event, about.received_at), about.taken_back, case.state in OVER
    if was_over:
        note_hire(case, event, at)  # for good: what stands follows from all hires
    again = was_over and reopens(case, event, at, taken_back=taken_back)
    known = reopen(case, event, about.received_at, now, taken_back=taken_back) if again else ()
    if case.reason_code == EXISTING_STAFF and was_over and not again:
        event = replace(event, hire=only_ids(event.hire), cleared=())
    before = case.hire
    changed = merged(case, event, about)
    moved = changed_facts.follow(case, before, now)
    ask(case, event, about.received_at, about.read_lag)
    if was_over and not again:
        stand(case)
        return Outcome((noted_event(now, "event_recorded", event, about),))
    reopened = (entry(now, "reopened", "hr", account=account_of(case)), *known) if again else ()
    entries = (*reopened, *_applied(case, event, about, now, changed=changed, was_candidate=candidacy))
    if moved and case.state in ACTIVE:
        entries += (entry(now, "start_date_moved", "hr", days=moved),)
    if event.snapshot and not again and case.state in _UNDECIDED and is_existing_staff(case, now):
        outcome = leave_alone(case, now)
    else:
        outcome = _go_on(case, event, about, now, changed=changed, moved=moved)
    return replace(outcome, entries=entries + outcome.entries)


def _end_before(case: Case, event: HireEvent, about: Circumstances) -> None:
    """A withdrawal came with another case, and this event hires again before anybody looked: over first."""
    newest = withdrawn_since_hired(case)
    if case.state in OVER or newest is None or event.event_type not in HIRING:
        return
    if event_time(event, about.received_at) > newest:
        case.withdrawn_at = newest
        end(case)


def _kept(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """Merge as for anybody else, and do nothing. Where HR had withdrawn the hire meanwhile, and it stands again by
    this, the case is put back for a new run, which begins when the person is included."""
    if not about.is_read:
        event = _as_a_comeback(case, event, about, now)
    known: tuple[TimelineEntry, ...] = ()
    if about.taken_back or withdrawn_since_hired(case) is not None:
        at, asked = event_time(event, about.received_at), case.reason_code
        note_hire(case, event, at)
        if reopens(case, event, at, taken_back=about.taken_back):
            known = reopen(case, event, about.received_at, now, taken_back=about.taken_back)
            case.apply(Event.EXCLUDE, reason=asked)
    before = case.hire
    changed = merged(case, event, about)
    changed_facts.follow(case, before, now)
    ask(case, event, about.received_at, about.read_lag)
    outcome = kept(case, noted_event(now, "event_kept", event, about, changed=changed))
    return replace(outcome, entries=(*outcome.entries, *known))


def _planned(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> Outcome:
    """An end that lies ahead is one more word on `end_date`, and comes true when that is over (`intake.announced_end`).

    An event that names the person only by id asks for a read, for which nothing waits.
    """
    if case.state in OVER and case.reason_code in {EXISTING_STAFF, JOINED}:
        return Outcome((noted_event(now, "event_recorded", event, about),))
    before = case.hire
    changed = merged(case, event, about)
    leave_date.announce(case)
    changed_facts.follow(case, before, now)
    ask(case, event, about.received_at, about.read_lag)
    outcome = look_again(case, about, now)
    if changed and outcome.what is None and case.state in _WORKED_ON:
        what = "follow_up" if case.state in _PROVISIONED else "provision"
        outcome = replace(outcome, what=what, why="hire_updated", look_now=True)
    noted = noted_event(now, "termination_planned", event, about, changed=changed)
    return replace(outcome, entries=(noted, *outcome.entries))


def _as_a_comeback(case: Case, event: HireEvent, about: Circumstances, now: datetime) -> HireEvent:
    """A whole record that is newer than the withdrawal, and stands again, is as good as a hire event.

    Of an event whose record is read, dates and status wait for the read, which is compared with those of before.
    """
    newest = newest_withdrawal(case)
    if newest is None or is_hired_since(case, newest) or event.event_type in HIRING:
        return event
    if event.needs_fetch is not None:
        undated = replace(event.hire, start_date=None, end_date=None, status=None)
        return replace(event, hire=undated) if case.state in OVER | {State.EXCLUDED} else event
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
    return (noted_event(now, action, event, about, changed=changed),)


def _go_on(
    case: Case, event: HireEvent, about: Circumstances, now: datetime, *, changed: str, moved: int
) -> Outcome:
    """Where the case goes from its state, now that the event is merged."""
    if (over := is_over_already(case, now)) is not None:
        return over
    if (excluded := excluded_elsewhere(case)) is not None:
        return block(case, now, excluded)
    if case.state is State.BLOCKED:
        if not _is_mended(case, event, about):
            return Outcome(())
        changed = changed or str(case.reason_code)
        case.apply(Event.UNBLOCK)
    if case.state is State.PAUSED:
        return Outcome(())
    if case.state in {State.RECEIVED, State.AWAITING_FETCH}:
        return settle(
            case,
            now,
            withheld=about.withheld,
            read=about.is_read,
            ask_rehire=about.ask_rehire,
        )
    if event.needs_fetch is not None:
        first_day.put_off(case)  # a creation that is retried or held waits for the read as well
    if case.state is State.WAITING_START:
        if event.needs_fetch is not None:
            case.apply(Event.FETCH_NEEDED)
            return settle(case, now, ask_rehire=about.ask_rehire)
        approval = approval_needed(case, ask_rehire=about.ask_rehire)
        if approval is not None and approval != APPROVE_REHIRE:
            return block(case, now, approval)
    if case.state in _BEGUN and (asked := open_question(case)) is not None:
        return block(case, now, asked)
    # Also where another case that was joined to this one took it back, and the event changes nothing.
    if case.account is None and case.intent is None and (gone := lacking(case)):
        if case.state is State.PROVISIONING:
            case.apply(Event.START_MOVED)
        if case.state is State.WAITING_START:
            return block(case, now, gone)
    if not changed:
        return Outcome(())
    what = "follow_up" if case.state in _PROVISIONED else "provision"
    return Outcome((), what, "start_date_moved" if moved else "hire_updated", look_now=True)


def _is_mended(case: Case, event: HireEvent, about: Circumstances) -> bool:
    """The event, or the read that it asks for, may take away what the case is blocked for."""
    reason = case.reason_code or ""
    if reason == HR_DELETED_RECORD:
        if case.deleted_at is None:  # recruiting deleted the candidate, who turns out to be hired
            return case.certainty is Certainty.EMPLOYEE
        return is_hired_since(case, case.deleted_at)
    if reason == APPROVE_SAME_PERSON:  # the other case was joined to this one, by an id that both have
        return case.maybe_same is None
    if reason == APPROVE_UNCLEAR:
        return is_clear(case, event, about)
    if reason == NO_LOCATION:  # the step writes the country that HR sends now, where the account is ours
        ours = case.account is not None and case.account.origin in OWN_ORIGINS
        return ours and usage_location(case.hire) is not None
    if reason not in MENDABLE:
        return False
    if event.needs_fetch is not None or about.is_read:
        return True
    complete = case.certainty is Certainty.EMPLOYEE and lacking(case) is None
    return complete if reason in READ_FAILED else lacking(case) != reason
