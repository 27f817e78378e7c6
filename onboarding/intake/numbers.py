"""Whose an employee number was when something was said about it. Pure.

HR systems correct numbers, and give those of leavers again. A case stays filed under every number that it ever had, so
an end that names a number alone finds it also where the number is somebody else's by then, or was when it was said.
Each HR system says for itself who has which number, in any order of arrival. Of several who had one then it was the
one's to whom it was given last, whoever had left before aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, HireEvent
from onboarding.domain.records import Said
from onboarding.intake.adapter import LinkedEvent

#: `Case.numbers`: HR system and number → when that was first and last said.
Spans = Mapping[str, tuple[datetime, datetime]]

#: What takes something away from the person.
ENDS = frozenset({EventType.EMPLOYMENT_TERMINATED, EventType.EMPLOYEE_DELETED, EventType.HIRE_CANCELLED})


def note(case: Case, said: Said, number: str | None) -> None:
    """HR says that this is the person's number, or (None) that they have none."""
    source, word = said.source or case.source, case.said.get("employee_number")
    known = any(name.startswith(f"{source}:") for name in case.numbers)
    if not known and word is not None and (word.source or case.source) == source:
        _merge(
            case.numbers, f"{source}:{case.hire.employee_number}", word.at, word.at
        )  # a row from before this was kept
    _merge(case.numbers, f"{source}:{number or ''}", said.at, said.at)


def join(case: Case, other: Case) -> None:
    """What HR said of the same person in another case."""
    for name, (first, last) in other.numbers.items():
        _merge(case.numbers, name, first, last)


def alone(event: HireEvent) -> bool:
    """An end, a deletion or a cancellation that names the person by a number alone."""
    if event.certainty is not Certainty.EMPLOYEE or event.event_type not in ENDS:
        return False
    hire = event.hire
    named = hire.employee_id or hire.candidate_id or (isinstance(event, LinkedEvent) and event.also_known_as)
    return bool(hire.employee_number) and not named


def of_source(case: Case, source: str) -> list[str]:
    """The numbers that this HR system ever said of the person."""
    return [number for name in case.numbers if (number := name.removeprefix(f"{source}:")) not in {name, ""}]


def with_event(case: Case, event: HireEvent, at: datetime) -> Spans:
    """What is known once the event, of `at`, is merged."""
    spans = dict(case.numbers)
    if number := event.hire.employee_number:
        _merge(spans, f"{event.source}:{number}", at, at)
    return spans


def is_theirs(case: Case, source: str, number: str, at: datetime) -> bool:
    """The number was this person's then, as far as that HR system said; also where it said nothing of it."""
    return f"{source}:{number}" not in case.numbers or is_within(case.numbers, source, number, at)


def is_within(spans: Spans, source: str, number: str, at: datetime) -> bool:
    """The same of whom the system has given the number."""
    until = _until(spans, source, number)
    return spans[f"{source}:{number}"][0] <= at and not (until is not None and at >= until)


def overlap(one: Spans, other: Spans, source: str, number: str) -> bool:
    """Two people had the number at once, as far as is known; also where nothing is known of one of them."""
    name = f"{source}:{number}"
    if name not in one or name not in other:
        return True
    since = max(one[name][0], other[name][0])
    return all(
        until is None or since < until for until in (_until(item, source, number) for item in (one, other))
    )


def holder(cases: Iterable[Case], source: str, number: str, at: datetime) -> Case | None:
    """Whose the number was then, of those to whom the system has ever given it. None: nobody's."""
    name = f"{source}:{number}"
    found = [case for case in cases if name in case.numbers and is_within(case.numbers, source, number, at)]
    return max(found, key=lambda case: (not _has_left(case, at), case.numbers[name][0]), default=None)


def _until(spans: Spans, source: str, number: str) -> datetime | None:
    """Another number stands from its first word after the last one of this."""
    mine = f"{source}:{number}"
    last = spans[mine][1]
    others = (span for name, span in spans.items() if name.startswith(f"{source}:") and name != mine)
    return min((since for since, _ in others if since > last), default=None)


def _has_left(case: Case, at: datetime) -> bool:
    """HR had ended it with them by then, by a word that named the person for sure."""
    ended, cancelled = case.ended_at, case.cancelled_at
    if case.by_number:
        ended, cancelled = case.by_id.get("ended_at"), case.by_id.get("cancelled_at")
    gone = max(
        (moment for moment in (ended, cancelled, case.deleted_at) if moment and moment < at), default=None
    )
    return gone is not None and not (case.hired_at is not None and gone < case.hired_at <= at)


def _merge(spans: dict[str, tuple[datetime, datetime]], name: str, first: datetime, last: datetime) -> None:
    known = spans.get(name)
    spans[name] = (min(first, known[0]), max(last, known[1])) if known else (first, last)
