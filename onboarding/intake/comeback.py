"""Does a hire that is over stand again? Pure: what a whole record says now, against what ended the hire.

Many HR systems have no event for somebody who comes back, or whose termination was taken back: they say only that the
record changed. Such an event, newer than the withdrawal, is answered by the record, read or posted whole:

| the hire ended, and the record | then |
|---|---|
| begins later than the hire that ended, without an end or after it | it stands again |
| has no end any more, where the same system had named one | it stands again |
| ends later than it said, and not yet | it stands again |
| has no end, and none was known | read: doubt, an approver is asked; posted whole: it stands again |
| says that the person left, has no first day, or hides its end | it stays over |

Two systems that know one person often differ: one has a later first day all along, or never hears of the end. So a
first day is compared with the one that the same system had said (`Case.first_days`), or with the one that stands where
it had said none; and only a system that ended the employment takes that back. A recruiting system's record of somebody
whom an HR system knows is doubt at most (`intake.read_records`): the offer stays as it was accepted.

An end that a flag of the record said, the same flag takes back: `intake.ends`.

Of somebody who was not known when they left, the first day is compared with the end that was noted (`intake.leavers`).

A hire that was cancelled stands again by a later first day alone: a record that says nothing of the cancellation is no
word against it.

A recruiting system may not say when it hired somebody (Greenhouse: the offer stays as it was accepted when the hire is
taken back, corrected and announced again). Its second hire by one application that came after the cancellation and may
be older, is in doubt: an approver is asked. The first one is the one that was taken back, in whatever order they come.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.intake import ends, merging
from onboarding.intake.adapter import LinkedEvent
from onboarding.intake.candidates import applications_of
from onboarding.intake.merging import HIRING, READ, event_time, newest_withdrawal
from onboarding.intake.outcome import OVER

#: Words for somebody who does not work there, as the vendors write them, in lower case.
GONE = frozenset({"inactive", "terminated", "left", "deleted", "archived", "dismissed", "ended"})


class Verdict(StrEnum):
    """What the record says about a hire that is over."""

    OVER = "over"
    DOUBT = "doubt"
    STANDS = "stands"


def judge(case: Case, hire: Hire, cleared: Collection[str], source: str, today: date) -> Verdict:
    """`hire` and `cleared` are the record's, of the system `source`; the case is as it was before it."""
    start, end = hire.start_date, hire.end_date
    if start is None or (hire.status or "").strip().lower() in GONE:
        return Verdict.OVER
    if begins_later(hire, _first_day_before(case, source)) and (end is None or start > end or end > today):
        return Verdict.STANDS
    if source not in _ended_by(case):
        return Verdict.OVER
    if end is not None:
        return Verdict.STANDS if _is_put_off(case, start, end, today) else Verdict.OVER
    if "end_date" not in cleared:
        return Verdict.OVER
    if case.hire.end_date is None:
        return Verdict.DOUBT
    said = case.said.get("end_date")
    return Verdict.STANDS if said is None or said.source in {None, source} else Verdict.OVER


def newer_record(case: Case, source: str, at: datetime) -> datetime | None:
    """When the same system posted a record without an end after `at`, where a record said at `at` that it ended.

    None: it did not. What was read does not count: a read may show what was before the event.
    """
    said = case.said.get("start_date")
    if said is None or said.source != source or said.delivery == READ or case.hire.end_date is not None:
        return None
    return said.at if said.at > max(filter(None, (at, case.ended_at))) else None


def announced_anew(case: Case, event: HireEvent, received_at: datetime) -> datetime | None:
    """The earliest time that a second hire which may follow the cancellation of the first can have; None: it follows it
    for sure, or not at all.

    The earliest one, so that whatever took this hire back, too, is newer.
    """
    newest = newest_withdrawal(case)
    if newest is None or event.event_type not in HIRING:
        return None
    if not (isinstance(event, LinkedEvent) and event.at_the_earliest):
        return None
    second = any(
        name in case.hired_by and case.cancelled_by.get(name) == newest for name in applications_of(event)
    )
    unsure = event_time(event, received_at) <= newest < received_at
    return newest + timedelta.resolution if second and unsure else None


def begins_later(hire: Hire, known: date | None) -> bool:
    """It begins after that day."""
    return hire.start_date is not None and known is not None and hire.start_date > known


def is_unannounced(one: Case, other: Case) -> bool:
    """One of the two is over, and of the other it was said since that it begins later, by no hire event and no record:
    another hire of the same person, or a word that came too late."""
    for over, stands in ((one, other), (other, one)):
        said, never = stands.said.get("start_date"), stands.hired_at is None and not _is_shown(over, stands)
        if said and never and stands.certainty is Certainty.EMPLOYEE and _begins_after(over, stands, said.at):
            return True
    return False


def note(case: Case, other: Case) -> None:
    """One of the two, who are one person, is over, and HR shows the other one's record since, with a later first day:
    hired again, as by a record of the case itself."""
    for over, stands in ((case, other), (other, case)):
        shown = stands.recorded_at
        if shown is not None and _is_shown(over, stands) and _begins_after(over, stands, shown):
            stands.hired_at = max(shown, stands.hired_at or shown)


def _is_shown(over: Case, stands: Case) -> bool:
    """A whole record shows when it begins; of somebody whom an HR system knows, that system's or another one's, since
    recruiting's may be as it was before the hire ended."""
    said = stands.said.get("start_date")
    by_recruiting = said is not None and said.recruiting
    known_to_hr = over.hire.employee_id is not None or over.hire.candidate_id is None
    return stands.recorded_at is not None and not (by_recruiting and known_to_hr)


def _begins_after(over: Case, stands: Case, shown: datetime) -> bool:
    """One is over, and the other, as it was shown since, begins later."""
    newest, ended = newest_withdrawal(over), over.ended_at.date() if over.ended_at else None
    if over.state not in OVER or stands.state in OVER or newest is None or shown <= newest:
        return False
    return begins_later(stands.hire, over.hire.start_date or ended)


def foretell(case: Case, event: HireEvent, now: datetime) -> None:
    """What was read in a case that is about to be joined to another one is said in it first: only by that is its hire
    known for one, with its first day."""
    hired = event.event_type is EventType.HIRE_UPDATED and event.certainty is Certainty.EMPLOYEE
    if hired and event.vendor_event_type == READ:
        merging.merge(case, event, READ, now, opened=False)


def foretell_hire(case: Case, other: Case, event: HireEvent, now: datetime, *, leads: bool) -> None:
    """The same where the other one is over and turns out to be the same person's, and what was read begins later.
    `leads`: this case goes on, and hears the event itself."""
    if case.state in OVER or other.state not in OVER:
        return
    then = copy.deepcopy(case)
    foretell(then, event, now)
    note(other, then)
    if then.hired_at == case.hired_at:
        return
    if not leads:
        foretell(case, event, now)
    case.hired_at = then.hired_at


def _first_day_before(case: Case, source: str) -> date | None:
    """The first day of the hire that ended, as this system said it: another one's may have been another all along. Of
    somebody unknown who left only the end was noted."""
    ended, said = _ended_by(case), case.first_days.get(source)
    known = case.hire.start_date or (max(ended.values()).date() if ended else None)
    if said is None:
        return known
    if known is not None and case.over_until is not None and said.at <= case.over_until:
        return max(said.day, known)  # of an earlier hire, or said of this one as well
    return said.day


def _ended_by(case: Case) -> Mapping[str, datetime]:
    """HR system → when it ended the employment. Empty: none did. A hire that was cancelled is another matter."""
    hired = case.hired_at
    return {source: at for source, at in ends.known(case).items() if hired is None or at >= hired}


def _is_put_off(case: Case, start: date, end: date, today: date) -> bool:
    """The end was known, and lies further ahead now."""
    before = case.hire.end_date
    return before is not None and end > max(before, start, today)
