"""Ends, deletions and cancellations that HR said of an employee number alone: kept apart on the case. Pure.

HR may say later that the number was somebody else's then (`intake.numbers`). Such a word is taken back from the case
as if it had never been said of the person, and the case goes on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.domain.records import NumberWord, Said
from onboarding.intake import deletions, leave_date, numbers
from onboarding.intake.candidates import applications_of
from onboarding.intake.merging import planned_end

#: Words of one case. What comes after them is not taken back any more.
MOST = 40
#: Fields of the case that say when HR last said so.
FIELDS = {EventType.EMPLOYMENT_TERMINATED: "ended_at", EventType.HIRE_CANCELLED: "cancelled_at"}


def of_event(case: Case, event: HireEvent, at: datetime, delivery: str, now: datetime) -> NumberWord:
    """The word of an event that is not applied yet."""
    ended = event.event_type is EventType.EMPLOYMENT_TERMINATED
    planned = planned_end(event, event.hire.start_date or case.hire.start_date, now) if ended else None
    last_day = event.effective_date or event.hire.end_date
    number = event.hire.employee_number or ""
    return NumberWord(event.event_type, event.source, number, at, delivery, last_day, planned is not None)


def event_of(word: NumberWord) -> HireEvent:
    """The event that said it."""
    hire = Hire(employee_number=word.number, end_date=word.last_day)
    return HireEvent(word.source, word.kind, hire, str(word.kind), occurred_at=word.at)


def note(case: Case, word: NumberWord) -> None:
    """Before it is applied."""
    if word in case.by_number:
        return
    if not case.by_number:
        known = {name: getattr(case, name) for name in FIELDS.values()}
        case.by_id = {name: moment for name, moment in known.items() if moment is not None}
    said = case.said.get("end_date")
    word = replace(word, end_before=case.hire.end_date, said_before=said, ends_before=case.ends_at)
    case.by_number = [*case.by_number, word][-MOST:]


def note_by_id(case: Case, event: HireEvent, at: datetime) -> None:
    """The same was said of the person by an id, beside what was said of a number."""
    if case.by_number and not applications_of(event):
        name = FIELDS[event.event_type]
        case.by_id[name] = max(at, case.by_id.get(name, at))


def note_last_day(case: Case, end: date | None, said: Said) -> None:
    """A last day that is older than the one that such a word named: it stands where that one is taken back."""
    if end is None:
        return
    stands = case.said.get("end_date")
    for place, word in enumerate(case.by_number):
        if stands is None or (stands.delivery, stands.at) != (word.delivery, word.at) or said.at >= word.at:
            continue
        if word.said_before is None or word.said_before.gives_way_to(said):
            case.by_number[place] = replace(word, end_before=end, said_before=said)


def join(case: Case, other: Case) -> None:
    """Before the facts of another case of the same person are joined."""
    for name in FIELDS.values():
        known = [item.by_id.get(name) if item.by_number else getattr(item, name) for item in (case, other)]
        if moments := [moment for moment in known if moment is not None]:
            case.by_id[name] = max(moments)
    case.by_number += [word for word in other.by_number if word not in case.by_number]
    if not case.by_number:
        case.by_id = {}


def take_back(case: Case, word: NumberWord) -> None:
    """It was about somebody else. Where the case goes on then: `intake.stand_again`."""
    known = next((item for item in case.by_number if item == word), None)
    if known is None:
        return
    case.by_number = [item for item in case.by_number if item != word]
    name = FIELDS.get(word.kind)
    if name is not None:
        said = [item.at for item in case.by_number if FIELDS.get(item.kind) == name and not item.ahead]
        moments = [*said, *([case.by_id[name]] if name in case.by_id else [])]
        setattr(case, name, max(moments, default=None))
    else:
        said = [item.at for item in case.by_number if item.kind is word.kind and item.number == word.number]
        deletions.take_back(case, word.source, word.number, max(said, default=None))
    if not case.by_number:
        case.by_id = {}
    _restore_end(case, known)


def _restore_end(case: Case, word: NumberWord) -> None:
    """The last day that it named, as far as that stands still."""
    said = case.said.get("end_date")
    if said is None or (said.delivery, said.at) != (word.delivery, word.at):
        return
    before = case.hire
    leave_date.note(case)
    case.hire = replace(case.hire, end_date=word.end_before)
    if word.said_before is None:
        del case.said["end_date"]
    else:
        case.said["end_date"] = word.said_before
    if case.ends_at is not None:
        case.ends_at = word.ends_before
    leave_date.follow(case, before)


def bare(event: HireEvent) -> HireEvent:
    """What such an event says of the person for sure: the last day. A name in it may be another's by tomorrow."""
    return (
        replace(event, hire=Hire(end_date=event.hire.end_date), cleared=()) if numbers.alone(event) else event
    )
