"""Ends, deletions and cancellations that HR said of an employee number alone: kept apart on the case. Pure.

HR may say later that the number was somebody else's then (`intake.numbers`). Such a word is taken back from the case
as if it had never been said of the person, and the case goes on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from onboarding.domain.case import Case, ids_in
from onboarding.domain.hire import EventType, Hire, HireEvent
from onboarding.domain.records import NumberWord, Said
from onboarding.intake import deletions, ends, leave_date, numbers
from onboarding.intake.candidates import applications_of
from onboarding.intake.merging import planned_end
from onboarding.intake.numbers import ENDED

#: Words of one case. What comes after them is not taken back any more.
MOST = 40
_CANCELLED = "cancelled_at"


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
        case.by_id = _direct(case)
    said = case.said.get("end_date")
    word = replace(word, end_before=case.hire.end_date, said_before=said, ends_before=case.ends_at)
    case.by_number = [*case.by_number, word][-MOST:]


def note_by_id(case: Case, event: HireEvent, at: datetime) -> None:
    """The same was said of the person by an id, beside what was said of a number."""
    if case.by_number and not applications_of(event):
        ended = event.event_type is EventType.EMPLOYMENT_TERMINATED
        name = _ended(event.source) if ended else _CANCELLED
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
    if case.by_number or other.by_number:
        mine, theirs = _direct(case), _direct(other)
        case.by_id = {
            name: max(item[name] for item in (mine, theirs) if name in item) for name in {*mine, *theirs}
        }
        case.by_number += [word for word in other.by_number if word not in case.by_number]


def take_back(case: Case, word: NumberWord) -> None:
    """It was about somebody else. Where the case goes on then: `intake.stand_again`."""
    known = next((item for item in case.by_number if item == word), None)
    if known is None:
        return
    case.by_number = [item for item in case.by_number if item != word]
    alike = [item for item in case.by_number if item.kind is word.kind and not item.ahead]
    if word.kind is EventType.EMPLOYMENT_TERMINATED:
        _end_again(case, word.source, [item.at for item in alike if item.source == word.source])
    elif word.kind is EventType.HIRE_CANCELLED:
        moments = [*(item.at for item in alike), case.by_id.get(_CANCELLED)]
        case.cancelled_at = max(filter(None, moments), default=None)
    else:
        same = [item.at for item in alike if (item.source, item.number) == (word.source, word.number)]
        deletions.take_back(case, word.source, word.number, max(same, default=None))
    if not case.by_number:
        case.by_id = {}
    _restore_end(case, known)


def _end_again(case: Case, source: str, said: list[datetime]) -> None:
    """What the system said of the end beside the word that is taken back."""
    moments = [
        at for at in (*said, case.by_id.get(_ended(source))) if at and not ends.is_outdated(case, source, at)
    ]
    rest = {name: at for name, at in ends.known(case).items() if name != source}
    ends.keep(case, {**rest, source: max(moments)} if moments else rest)


def _direct(case: Case) -> dict[str, datetime]:
    """What was said of the person by an id."""
    if case.by_number:
        return dict(case.by_id)
    found = {_ended(source): at for source, at in ends.known(case).items()}
    return found | ({_CANCELLED: case.cancelled_at} if case.cancelled_at else {})


def _ended(source: str) -> str:
    return f"{ENDED}:{source}"


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


def bare(case: Case, event: HireEvent) -> HireEvent:
    """What such an event says of the person for sure: the last day. A name in it may be another's by tomorrow; not so
    where the HR system knows the person by the number alone."""
    if not numbers.alone(event) or (numbers.of_source(case, event.source) and not ids_in(case, event.source)):
        return event
    return replace(event, hire=Hire(end_date=event.hire.end_date), cleared=())
