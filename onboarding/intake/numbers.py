"""Whose an employee number was when something was said about it. Pure.

HR systems correct numbers, and give those of leavers again. A case stays filed under every number that it ever had, so
an end that names a number alone finds it also where the number is somebody else's by then, or was when it was said.
Each HR system says for itself who has which number, in any order of arrival: what it said last before a moment held
then. Of several who had one it was the one's to whom it was given last, whoever had left before aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import Certainty, EventType, HireEvent
from onboarding.domain.records import Said
from onboarding.intake.adapter import LinkedEvent

#: `Case.numbers`: HR system and number → when that was said, oldest first.
Words = Mapping[str, Sequence[datetime]]
#: Moments that are kept of one number, as long as nothing else was said between them.
MOST = 12

#: In `Case.by_id`, with the HR system that said so.
ENDED = "ended_at"
#: What takes something away from the person.
ENDS = frozenset({EventType.EMPLOYMENT_TERMINATED, EventType.EMPLOYEE_DELETED, EventType.HIRE_CANCELLED})


def note(case: Case, said: Said, number: str | None) -> None:
    """HR says that this is the person's number, or (None) that they have none."""
    source, word = said.source or case.source, case.said.get("employee_number")
    known = any(name.startswith(f"{source}:") for name in case.numbers)
    if not known and word is not None and (word.source or case.source) == source:
        # A row from before this was kept.
        _merge(case.numbers, f"{source}:{case.hire.employee_number}", [word.at])
    _merge(case.numbers, f"{source}:{number or ''}", [said.at])


def join(case: Case, other: Case) -> None:
    """What HR said of the same person in another case."""
    for name, moments in other.numbers.items():
        _merge(case.numbers, name, moments)


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


def with_event(case: Case, event: HireEvent, at: datetime) -> Words:
    """What is known once the event, of `at`, is merged."""
    words = {name: list(moments) for name, moments in case.numbers.items()}
    if number := event.hire.employee_number:
        _merge(words, f"{event.source}:{number}", [at])
    return words


def is_theirs(case: Case, source: str, number: str, at: datetime) -> bool:
    """The number was this person's then, as far as that HR system said; also where it said nothing of it."""
    return f"{source}:{number}" not in case.numbers or since(case.numbers, source, number, at) is not None


def since(words: Words, source: str, number: str, at: datetime) -> datetime | None:
    """Since when the number was theirs at that time; None: it was not."""
    spans = _spans(words, source, number)
    return next((start for start, end in spans if start <= at and (end is None or at < end)), None)


def overlap(one: Words, other: Words, source: str, number: str) -> bool:
    """Two people had the number at once, as far as is known; also where nothing is known of one of them."""
    mine, theirs = _spans(one, source, number), _spans(other, source, number)
    if not mine or not theirs:
        return True
    return any(
        (end is None or begins < end) and (ends is None or start < ends)
        for start, end in mine
        for begins, ends in theirs
    )


def holder(cases: Iterable[Case], source: str, number: str, at: datetime) -> Case | None:
    """Whose the number was then, of those to whom the system has ever given it. None: nobody's."""
    found = [
        (given, case) for case in cases if (given := since(case.numbers, source, number, at)) is not None
    ]
    best = max(found, key=lambda item: (not _has_left(item[1], at), item[0]), default=None)
    return best[1] if best is not None else None


def _spans(words: Words, source: str, number: str) -> list[tuple[datetime, datetime | None]]:
    """From when until when the number was theirs, again and again: until another one is said, or that there is none."""
    mine = f"{source}:{number}"
    told = sorted((at, name == mine) for name in words if name.startswith(f"{source}:") for at in words[name])
    found: list[tuple[datetime, datetime | None]] = []
    for at, is_mine in told:
        held = bool(found) and found[-1][1] is None
        if is_mine and not held:
            found.append((at, None))
        elif held and not is_mine:
            found[-1] = (found[-1][0], at)
    return found


def _has_left(case: Case, at: datetime) -> bool:
    """HR had ended it with them by then, by a word that named the person for sure."""
    known = [*case.by_id.values()] if case.by_number else [case.ended_at, case.cancelled_at]
    moments = (moment for moment in (*known, case.deleted_at) if moment and moment < at)
    gone = max(moments, default=None)
    return gone is not None and not (case.hired_at is not None and gone < case.hired_at <= at)


def _merge(words: dict[str, list[datetime]], name: str, moments: Iterable[datetime]) -> None:
    known = sorted({*words.get(name, ()), *moments})
    source = name.partition(":")[0]
    others = [at for item in words if item.startswith(f"{source}:") and item != name for at in words[item]]
    place = 1
    while len(known) > MOST and place < len(known) - 1:
        if any(known[place - 1] < at < known[place + 1] for at in others):
            place += 1
        else:
            del known[place]
    words[name] = known
