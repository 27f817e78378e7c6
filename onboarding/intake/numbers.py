"""Whose an employee number was when something was said about it. Pure.

HR systems correct numbers, and give those of leavers again. A case stays filed under every number that it ever had, so
an end that names a number alone finds it also where the number is somebody else's by then, or was when it was said.
Each HR system says for itself who has which number, in any order of arrival.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, HireEvent
from onboarding.domain.records import Said
from onboarding.intake.adapter import LinkedEvent

#: What takes something away from the person.
_ENDS = frozenset({EventType.EMPLOYMENT_TERMINATED, EventType.EMPLOYEE_DELETED, EventType.HIRE_CANCELLED})


def note(case: Case, said: Said, number: str | None) -> None:
    """HR says that this is the person's number, or (None) that they have none."""
    source, word = said.source or case.source, case.said.get("employee_number")
    known = any(name.startswith(f"{source}:") for name in case.numbers)
    if not known and word is not None and (word.source or case.source) == source:
        _merge(
            case, f"{source}:{case.hire.employee_number}", word.at, word.at
        )  # a row from before this was kept
    _merge(case, f"{source}:{number or ''}", said.at, said.at)


def join(case: Case, other: Case) -> None:
    """What HR said of the same person in another case."""
    for name, (first, last) in other.numbers.items():
        _merge(case, name, first, last)


def alone(event: HireEvent) -> bool:
    """An end, a deletion or a cancellation that names the person by a number alone."""
    if event.certainty is not Certainty.EMPLOYEE or event.event_type not in _ENDS:
        return False
    hire = event.hire
    named = hire.employee_id or hire.candidate_id or (isinstance(event, LinkedEvent) and event.also_known_as)
    return bool(hire.employee_number) and not named


def is_theirs(case: Case, source: str, number: str, at: datetime) -> bool:
    """The number was this person's then, as far as that HR system said; also where it said nothing of it."""
    mine = f"{source}:{number}"
    if mine not in case.numbers:
        return True
    first, last = case.numbers[mine]
    others = [span for name, span in case.numbers.items() if name.startswith(f"{source}:") and name != mine]
    # Another number stands from its first word after the last one of this.
    after = [since for since, _ in others if since > last]
    return first <= at and not (after and at >= min(after))


def _merge(case: Case, name: str, first: datetime, last: datetime) -> None:
    known = case.numbers.get(name)
    case.numbers[name] = (min(first, known[0]), max(last, known[1])) if known else (first, last)
