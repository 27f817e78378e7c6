"""What decisions about a hire are made of: circumstances of an event, outcome for a case, reason codes, entries.

Entries and reason codes hold codes, counts, times and our own ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from onboarding.casework import entry
from onboarding.domain import case as cases
from onboarding.domain import left_alone
from onboarding.domain.case import HR_DELETED_RECORD as HR_DELETED_RECORD
from onboarding.domain.case import SAME_PERSON, Case
from onboarding.domain.hire import HireEvent
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import Said, TimelineEntry
from onboarding.intake import number_words, other_name
from onboarding.intake.merging import READ, event_time, merge
from onboarding.intake.other_name import APPROVE_OTHER_NAME as APPROVE_OTHER_NAME
from onboarding.intake.standing import APPROVE_REHIRE, APPROVE_UNCLEAR
from onboarding.ports import hr

MISSING_START_DATE = "missing_start_date"
MISSING_NAME = "missing_name"
FIELD_WITHHELD = "hr_field_withheld"
NO_HR_READER = hr.NO_READER
APPROVE_SHARED_ID = "needs_approval_shared_id"
APPROVE_SAME_PERSON = SAME_PERSON
#: Of a case whose person has another case, and both have accounts. In its approvals, with that case's id: an operator
#: has seen to it.
TWO_ACCOUNTS = cases.TWO_ACCOUNTS
#: In `Case.questions`, with that case's id: an operator had stopped a case that was joined to this one, or had paused
#: this one before a graver question came.
PAUSED, EXCLUDED = cases.PAUSED, cases.EXCLUDED
#: Questions that nothing else on a case tells: whether HR's id was shared, and whether the record was clear, is known
#: from the event or the read alone (`merged`).
KEPT_QUESTIONS = frozenset({APPROVE_SHARED_ID, APPROVE_REHIRE, APPROVE_UNCLEAR, APPROVE_OTHER_NAME})
#: Blocks of a read that failed for good; another read may mend them.
READ_FAILED = frozenset(
    {
        hr.NO_READER, hr.NOT_CONFIGURED, hr.SIGN_IN, hr.PERMISSION, hr.RECORD_GONE, hr.UNREADABLE, hr.UNREACHABLE,
        FIELD_WITHHELD,
    }
)  # fmt: skip
#: Blocks that intake made for want of data, and that data mends.
MENDABLE = READ_FAILED | {MISSING_START_DATE, MISSING_NAME}
#: Block of the step that gives licences, for want of a country.
NO_LOCATION = "no_usage_location"
#: `next_action.what` of a case that waits for a read.
FETCH = "fetch"

_BEFORE_PLAN = frozenset({State.RECEIVED, State.AWAITING_FETCH, State.WAITING_START})
OVER = frozenset({State.CANCELLED, State.CLOSED})


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
    #: The record may say that a hire stands again, or only not say that it ended, or the hire may be older than what
    #: took it back: an approver is asked.
    doubtful: bool = False
    #: The record that was read does not say whether the person is to begin or has left: an approver is asked.
    unclear: bool = False
    #: The event takes back the end of the employment that the same system had said (`intake.ends`).
    taken_back: bool = False
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


def block(case: Case, now: datetime, reason: str) -> Outcome:
    """`reason` may be how a case was stopped that was joined to this one, or this one before: then it is stopped
    likewise."""
    case.questions = [word for word in case.questions if word != reason]
    stop, _, other = reason.partition(":")
    if stop == PAUSED:
        case.apply(Event.PAUSE)
        own = other == case.case_id
        noted = entry(now, "paused_again") if own else entry(now, "pause_joined", other=other)
        return Outcome((noted,), "operator", "pause")
    if stop == EXCLUDED:
        return _exclude(case, now, other)
    case.apply(Event.BLOCK, reason=reason)
    blocked = entry(now, "blocked", reason=reason)
    if reason == APPROVE_SAME_PERSON:
        which = entry(now, "maybe_same_person", other=case.maybe_same)
        return Outcome((which, blocked), "operator", reason)
    return Outcome((blocked,), "operator", reason)


def _exclude(case: Case, now: datetime, other: str) -> Outcome:
    """As an operator excludes somebody: a question that is open is kept, and no pass stays usable."""
    code = case.reason_code or ""
    case.apply(Event.EXCLUDE, reason=code if code.startswith("needs_approval_") else None)
    noted = (entry(now, "exclude_joined", other=other),)
    if case.pass_at_large(now):
        return Outcome(noted, "revoke_pass", "exclude", look_now=True)
    planned = left_alone.next_of(case)
    return Outcome(noted, planned.what, planned.why)


def merged(case: Case, event: HireEvent, about: Circumstances) -> str:
    """`merging.merge`; what nothing but the event tells is noted as a question."""
    if about.shared_id and (case.account is None or _is_before_plan(case)):
        _ask_also(case, APPROVE_SHARED_ID)
    if about.doubtful and case.state not in OVER:
        _ask_also(case, APPROVE_REHIRE)
    if about.unclear and case.state not in OVER:
        _ask_also(case, APPROVE_UNCLEAR)
    elif is_clear(case, event, about):
        case.questions = [word for word in case.questions if word != APPROVE_UNCLEAR]
        case.take_back({APPROVE_UNCLEAR})  # what is unclear later is asked anew
    at = event_time(event, about.received_at)
    early = case.account is None or _is_before_plan(case)
    if other_name.is_another(case, event, at, judged=early) and early:
        ask_of_name(case)
    event = number_words.bare(case, other_name.own(case, event, at))
    delivery = READ if about.is_read else about.delivery_id
    number_words.note_last_day(case, event.hire.end_date, Said(at, True, delivery, event.source))
    return merge(case, event, delivery, about.received_at, opened=about.opened)


def ask_of_former(case: Case) -> None:
    """After a withdrawal: whoever was named before it, under the ids of the case, may have been another person."""
    if other_name.is_withdrawn_between(case) and (case.account is None or _is_before_plan(case)):
        ask_of_name(case)


def ask_of_name(case: Case) -> None:
    """Whether whoever is named now is the person who was named before."""
    case.take_back({APPROVE_OTHER_NAME})
    _ask_also(case, APPROVE_OTHER_NAME)


def is_clear(case: Case, event: HireEvent, about: Circumstances) -> bool:
    """The record says where the person stands, and no other system's can be what was asked about: where an HR system
    knows the person, recruiting's word on that counts for nothing (`intake.fetch`)."""
    by_hr = {source for source in case.fetches if "employee_id" in cases.ids_in(case, source)}
    return about.is_read and not about.unclear and (by_hr or {*case.fetches}) <= {event.source}


def _is_before_plan(case: Case) -> bool:
    """Of whom an account is there: a new run is not begun yet, also once a pause or a block ends."""
    stopped = case.state in {State.BLOCKED, State.PAUSED}
    return (case.return_state if stopped else case.state) in _BEFORE_PLAN


def _ask_also(case: Case, code: str) -> None:
    """An approver is asked when the case goes on, after whatever it waits for now (`settle.open_question`)."""
    if code not in {*case.approvals, *case.questions, case.reason_code, case.open_question}:
        case.questions.append(code)


def account_of(case: Case) -> str:
    """`may_exist`: the request to create it was sent and its answer is not known yet."""
    if case.account is not None:
        return "exists"
    return "may_exist" if case.intent is not None else "none"


def noted_event(
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


def kept(case: Case, noted: TimelineEntry) -> Outcome:
    """HR's word about somebody excluded: nothing is done, and the case says what is open by it. A pass that is being
    made void comes first."""
    if case.next_action.what == "revoke_pass":
        return Outcome((noted,))
    planned = left_alone.next_of(case)
    return Outcome((noted,), planned.what, planned.why)
