"""HR deletes a record, and an operator says that the hire stands all the same: that is said of the deletions that were
known then, each of one record in one HR system, and of no other one that comes late or with another case. Pure.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.case import Case, ids_in
from onboarding.domain.hire import HireEvent
from onboarding.intake import numbers

_NUMBER = "employee_number"
#: What may name a record, the surest first.
_IDS = ("employee_id", "candidate_id", _NUMBER)


def note(case: Case, event: HireEvent, at: datetime) -> bool:
    """The record that `event` names was deleted at `at`. False: somebody has answered that, and nothing is noted."""
    names = _names(case, event)
    if any(_is_answered(case, f"{event.source}:{name}", at) for name in (*names, "")):
        return False
    name = event.hire.employee_number if numbers.alone(event) else None  # under which it may be taken back
    _note(case, f"{event.source}:{name or (names[0] if names else '')}", at)
    return True


def take_back(case: Case, source: str, number: str, before: datetime | None) -> None:
    """The record that was deleted under this number is another person's, or only that of `before` is this one's."""
    known = {**_unanswered(case)}
    known.pop(f"{source}:{number}", None)
    if before is not None:
        known[f"{source}:{number}"] = before
    case.deleted_by, case.deleted_at = known, max(known.values(), default=None)


def _own(case: Case, other: Case, source: str) -> tuple[str, ...]:
    """Every id that both cases together have of one record of that HR system; of two records none is the other's."""
    mine, theirs = ids_in(case, source), ids_in(other, source)
    if any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys()):
        return ()
    numbers = [one.hire.employee_number for one in (case, other) if _numbered_by(one) == source]
    return (*mine.values(), *theirs.values(), *filter(None, numbers))


def _numbered_by(case: Case) -> str:
    word = case.said.get(_NUMBER)
    return (word.source if word else None) or case.source


def _names(case: Case, event: HireEvent) -> list[str]:
    """Every id of the record, the one that stands for it first: what the event names, and where one of these is the
    case's own, the others of the case too. One deletion may be told under each of them."""
    said = {name: value for name in _IDS if (value := getattr(event.hire, name))}
    own = dict(ids_in(case, event.source))
    if case.hire.employee_number and _numbered_by(case) == event.source:
        own[_NUMBER] = case.hire.employee_number
    shared = said.keys() & own.keys()
    if shared and all(said[name] == own[name] for name in shared):
        said = {**own, **said}
    return [said[name] for name in _IDS if name in said]


def answer(case: Case) -> None:
    """The hire stands, whatever was deleted so far."""
    case.deletions_answered.update(_unanswered(case))
    case.deleted_by, case.deleted_at = {}, None


def join(case: Case, other: Case) -> None:
    """What was deleted, and answered, in another case of the same person, whose facts `case` has already."""
    unanswered = [*_unanswered(case).items(), *_unanswered(other).items()]
    case.deleted_by, case.deleted_at = {}, None
    for record, at in other.deletions_answered.items():
        case.deletions_answered[record] = max(at, case.deletions_answered.get(record, at))
    for record, at in unanswered:
        source, _, name = record.partition(":")
        names = _own(case, other, source)
        same = names if name in names else (name,)
        if not any(_is_answered(case, f"{source}:{one}", at) for one in same):
            _note(case, record, at)


def _is_answered(case: Case, record: str, at: datetime) -> bool:
    answered = case.deletions_answered.get(record)
    return answered is not None and at <= answered


def _note(case: Case, record: str, at: datetime) -> None:
    known = _unanswered(case)
    case.deleted_by = {**known, record: max(at, known.get(record, at))}
    case.deleted_at = max(case.deleted_by.values())


def _unanswered(case: Case) -> dict[str, datetime]:
    """Record → when it was deleted. Of a case from before records were told apart, the newest one."""
    if case.deleted_at is None or case.deleted_by:
        return case.deleted_by
    return {f"{case.source}:": case.deleted_at}
