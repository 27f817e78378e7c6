"""Does the hire of a case stand? Pure: the dates of what HR said, compared; and the case put where they say.

The newest event of each kind counts, not the order in which they came (`intake.decide`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding.casework import entry
from onboarding.domain import run
from onboarding.domain.case import ABOUT_ACCOUNT, JOINED, PAUSED, UNCLEAR, Case
from onboarding.domain.hire import Certainty, EventType, HireEvent
from onboarding.domain.lifecycle import Event
from onboarding.domain.records import TimelineEntry
from onboarding.intake.merging import HIRING, drop_dates, event_time, newest_withdrawal
from onboarding.ports import CLAIM_LEASE

CANCELLED_BY_HR = "cancelled_by_hr"
EMPLOYMENT_ENDED = "employment_ended"
EXISTING_STAFF = "existing_staff"
APPROVE_REHIRE = "needs_approval_rehire"
APPROVE_UNCLEAR = UNCLEAR
#: An approver's words about one run; another run needs words of its own. (Those of the steps: `provisioning`.)
OF_ONE_RUN = ABOUT_ACCOUNT | {
    APPROVE_REHIRE,
    APPROVE_UNCLEAR,
    "needs_approval_pass",
    "needs_approval_other_name",
}


def is_hired_since(case: Case, at: datetime) -> bool:
    """HR announced the hire after `at`."""
    return case.hired_at is not None and case.hired_at > at


def withdrawn_since_hired(case: Case) -> datetime | None:
    """When HR last withdrew the hire, if it has not hired the person again since; None: the hire stands."""
    newest = newest_withdrawal(case)
    return None if newest is None or is_hired_since(case, newest) else newest


def is_finished(case: Case, event: HireEvent) -> bool:
    """Closed because everything was done, or joined into another case: only a later start is another hire."""
    if case.reason_code == JOINED:
        return True
    if case.withdrawn_at is not None or case.reason_code == EXISTING_STAFF:
        return False
    if event.event_type not in HIRING:
        return True
    first, again = case.hire.start_date, event.hire.start_date
    unsaid = event.needs_fetch is not None and not again and event.event_type is EventType.HIRE_CREATED
    return not unsaid and not (first and again and again > first)


def reopens(case: Case, event: HireEvent, at: datetime, *, taken_back: bool = False) -> bool:
    """The event, or another case that was joined to this one, makes the hire stand again.

    `taken_back`: by the event the same system took back the end that it had said (`intake.ends`).
    """
    newest = newest_withdrawal(case)
    if newest is not None and is_hired_since(case, newest):
        return True
    if taken_back and newest is None and case.withdrawn_at is not None:
        return True
    if event.needs_fetch is not None and newest is None and case.certainty is not Certainty.EMPLOYEE:
        return True  # recruiting withdrew what nobody had confirmed, and only a read can tell whether that stands
    if event.event_type not in HIRING:
        return False
    if newest is not None:
        return at > newest
    if case.cancelled_by and case.hired_by:
        return True  # by another application than the one that was taken back
    # Only an offer was withdrawn (whatever hires for good outranks it), or all was done.
    hired_for_good = Certainty.EMPLOYEE is event.certainty is not case.certainty
    return case.withdrawn_at is None or hired_for_good or at > case.withdrawn_at


def reopen(
    case: Case, event: HireEvent, received_at: datetime, now: datetime, *, taken_back: bool = False
) -> tuple[TimelineEntry, ...]:
    """Back to `received`, for a new run: nothing dated of the old one may carry the new one, and nobody is known to
    have registered in it. Returns what the timeline says of that.

    `taken_back`: the end was, so that the hire is the old one, and has its dates.
    """
    over = newest_withdrawal(case)
    if over is None and not taken_back:
        before = event_time(event, received_at) - timedelta.resolution
        over = min(case.withdrawn_at or before, before)
    if over is not None:
        drop_dates(case, over)
    if case.ends_at is not None and (case.hire.end_date is None or (over and case.ends_at <= over)):
        case.ends_at = None  # it was announced of the hire that is over
    case.apply(Event.REOPEN)
    case.withdrawn_at = None
    if event.event_type in HIRING:
        case.certainty = event.certainty
    if case.account is not None:
        case.rehired_at = event_time(event, received_at)
        # What was given before may have been taken away because the person left: it is given again. (Licences are
        # looked at afresh in every run.)
        case.account.groups = []
        case.account.contradicted = None  # judged anew
    case.take_back(OF_ONE_RUN)
    case.questions = [
        word for word in case.questions if word != f"{PAUSED}:{case.case_id}"
    ]  # of the run before
    case.identity_proofed_at = None
    case.steps.clear()
    # The new run needs one of its own. One that is out still is not forgotten before it is void.
    if case.access_pass is not None and case.pass_at_large(received_at):
        case.access_pass.call_back(received_at, CLAIM_LEASE)
    else:
        case.access_pass = None
    if case.rungs:
        case.episode += 1
        case.episode_started_at = None
    known = run.start_anew(case)
    return (entry(now, "known_before", **known),) if known else ()


def end(case: Case) -> None:
    """Over, in the way that the newest withdrawal since the last hire says: an end outweighs a cancellation."""
    hired, ended = case.hired_at, case.ended_at
    if ended and (hired is None or ended >= hired):
        case.apply(Event.CLOSE, reason=EMPLOYMENT_ENDED)
    else:
        case.apply(Event.CANCEL, reason=CANCELLED_BY_HR)


def stand(case: Case) -> None:
    """The same for a case that is over already, and has heard of another withdrawal or hire since."""
    if case.withdrawn_at is None:
        return
    before, reason = case.state, case.reason_code
    case.apply(Event.REOPEN)
    end(case)
    if case.state is before:
        case.reason_code = reason
