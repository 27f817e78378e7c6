"""What a record that was read says about a case. Pure; the reading itself is `intake.fetch`.

A recruiting system's record may name several hires of one person, of which one may be of years ago, an intern's: it
counts where it is the one that the case knows, or where its first day is not long past. Where its first day is not
known, or where it begins before the one that the case knows, which is gone, nobody can tell, and an approver is asked.
What is long past says nothing, so that the record says what it does without it; where that is no hire and an event
announced one, an approver is asked.

A record of one candidacy (`CANDIDACIES`) that led to nothing leads no further: only of whom it had hired do the other
candidacies of the same person say whether they come all the same.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent
from onboarding.domain.records import Fetch
from onboarding.intake.adapter import LinkedEvent
from onboarding.intake.comeback import Verdict, judge
from onboarding.intake.merging import READ
from onboarding.intake.settle import EXISTING_AFTER
from onboarding.ports import HrRecord

#: Records of recruiting: they say how far somebody has come, a hire included.
APPLICANTS = frozenset({"candidate", "application", "opportunity"})
#: Those of them that are one candidacy, of a person who may have several.
CANDIDACIES = frozenset({"opportunity"})


def counted(case: Case, fetch: Fetch, record: HrRecord, today: date) -> HrRecord:
    """The record as it is to be understood: with the hire that counts, of those that it names, and saying how far the
    person has come, or that an approver has to."""
    while record.otherwise and fetch.kind in CANDIDACIES and case.certainty is not Certainty.EMPLOYEE:
        record = record.otherwise
    found = _as_far_as_said(case, _with_its_hire(case, fetch, record, today))
    return replace(found, unclear=found.leaves_open(today))


def _with_its_hire(case: Case, fetch: Fetch, record: HrRecord, today: date) -> HrRecord:
    if record.otherwise is None:
        return record
    start = record.hire.start_date
    if start is None:
        return _undated(record)
    known, recent = case.hire.start_date, today - EXISTING_AFTER
    if start >= recent and decides(case, fetch) and _is_another_hire(case, record):
        return _undated(record)
    if start == known or start >= recent or (known is not None and known < recent):
        return record
    without = _with_its_hire(case, fetch, record.otherwise, today)
    announced = case.hired_at is not None and known is None
    return _undated(record) if announced and without.certainty is not Certainty.EMPLOYEE else without


def _is_another_hire(case: Case, record: HrRecord) -> bool:
    """The hire that the case knows is in the record no more, and the one that is left begins before it: an internship
    of this summer, or the same with its day moved. It is the same where it is the main application, unless it began
    before anybody heard of the person and has another title."""
    start, known, last = record.hire.start_date, case.hire.start_date, record
    if start is None or known is None or start >= known:
        return False
    while last.otherwise is not None:
        last = last.otherwise
    is_main = last.hire.status is None  # nothing is behind a main application that hires (`hr_api`)
    begun = start < case.created_at.date() and record.hire.job_title != case.hire.job_title
    return case.certainty is Certainty.EMPLOYEE is record.certainty and (begun or not is_main)


def _undated(record: HrRecord) -> HrRecord:
    """Somebody is hired, and nobody can tell whether by this hire or by another one."""
    return replace(
        record, hire=replace(record.hire, start_date=None, job_title=None, status=None), unclear=True
    )


def _as_far_as_said(case: Case, record: HrRecord) -> HrRecord:
    """A record that does not say how far somebody has come leaves it at what was said before. Where nothing was, and no
    event announced a hire: it is staff, or was hired before anybody listened, and an approver is asked."""
    if record.certainty is not None:
        return record
    if case.hired_at is None and case.hire.status is None:
        return replace(record, certainty=Certainty.EMPLOYEE, unclear=True)
    return replace(record, certainty=case.certainty)


def verdict_of(case: Case, fetch: Fetch, record: HrRecord, now: datetime) -> Verdict:
    """Whether the hire of a case that is over stands again by the record. Where an HR system knows the person,
    recruiting's record is no more than a reason to ask."""
    if record.withdrawn or record.ended or record.certainty is not Certainty.EMPLOYEE:
        return Verdict.OVER
    found = judge(case, record.hire, record.cleared, fetch.source, now.date())
    return Verdict.DOUBT if found is Verdict.STANDS and not decides(case, fetch) else found


def event_of(case: Case, fetch: Fetch, record: HrRecord, now: datetime) -> HireEvent:
    """What the record means."""
    hire, kind = _with_kept_numbers(case, record), EventType.HIRE_UPDATED
    if (record.withdrawn and not _is_nobodys_hire(case, record)) or is_taken_back(case, fetch, record):
        kind = EventType.HIRE_CANCELLED
    elif _is_over(record, now.date()):
        kind = EventType.EMPLOYMENT_TERMINATED
    return LinkedEvent(
        source=fetch.source,
        event_type=kind,
        hire=hire,
        vendor_event_type=READ,
        certainty=record.certainty or case.certainty,
        occurred_at=now,
        cleared=record.cleared,
        opens=False,
        recruiting=fetch.kind in APPLICANTS,
        also_known_as=record.also_known_as,
    )


def _is_over(record: HrRecord, today: date) -> bool:
    """The employment that the record describes has ended, or never begins: it ends on its first day.

    An end before the first day is that of an earlier employment, unless the record says that the person left.
    """
    end, start = record.hire.end_date, record.hire.start_date
    if end is None or start is None:
        return record.ended if end is None else end < today or (record.ended and end == today)
    if end == start or (record.ended and end < start):
        return True
    return start < end and (end < today or (record.ended and end == today))


def _is_nobodys_hire(case: Case, record: HrRecord) -> bool:
    """An applicant whom nobody has hired or offered anything: there is nothing to withdraw."""
    never = case.certainty is record.certainty is Certainty.CANDIDATE
    return never and case.account is None and case.intent is None


def is_taken_back(case: Case, fetch: Fetch, record: HrRecord) -> bool:
    """A recruiting system, the only one that knows this person, says no more that they are hired.

    What an HR system has confirmed meanwhile, recruiting does not take back.
    """
    alone = fetch.kind in APPLICANTS and decides(case, fetch) and not record.unclear
    return alone and case.certainty is Certainty.EMPLOYEE is not record.certainty


def decides(case: Case, fetch: Fetch) -> bool:
    """An HR system's word on whether the person is to begin, or recruiting's, where no HR system knows them."""
    return fetch.kind not in APPLICANTS or set(case.ids) <= {fetch.source}


def _with_kept_numbers(case: Case, record: HrRecord) -> Hire:
    """A number that the read was not allowed to see stays as it was, beside those that it saw."""
    hidden = {name for name in record.withheld if name.startswith("phones")}
    if not hidden or not record.hire.phones:
        return record.hire
    kept = [item for item in case.hire.phones or () if f"phones[{item.label}]" in hidden]
    return replace(record.hire, phones=(*record.hire.phones, *kept))
