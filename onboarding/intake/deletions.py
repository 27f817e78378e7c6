"""HR deletes a record, and an operator says that the hire stands all the same: that is said of the deletions that were
known then, each of one record in one HR system, and of no other one that comes late or with another case. Pure.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import HireEvent


def note(case: Case, event: HireEvent, at: datetime) -> bool:
    """The record that `event` names was deleted at `at`. False: somebody has answered that, and nothing is noted."""
    hire = event.hire
    named = hire.employee_id or hire.candidate_id or hire.employee_number or ""
    return _note(case, f"{event.source}:{named}", at)


def answer(case: Case) -> None:
    """The hire stands, whatever was deleted so far."""
    case.deletions_answered.update(_unanswered(case))
    case.deleted_by, case.deleted_at = {}, None


def join(case: Case, other: Case) -> None:
    """What was deleted, and answered, in another case of the same person."""
    unanswered = [*_unanswered(case).items(), *_unanswered(other).items()]
    case.deleted_by, case.deleted_at = {}, None
    for record, at in other.deletions_answered.items():
        case.deletions_answered[record] = max(at, case.deletions_answered.get(record, at))
    for record, at in unanswered:
        _note(case, record, at)


def _note(case: Case, record: str, at: datetime) -> bool:
    answered = case.deletions_answered.get(record)
    if answered is not None and at <= answered:
        return False
    known = _unanswered(case)
    case.deleted_by = {**known, record: max(at, known.get(record, at))}
    case.deleted_at = max(case.deleted_by.values())
    return True


def _unanswered(case: Case) -> dict[str, datetime]:
    """Record → when it was deleted. Of a case from before records were told apart, the newest one."""
    if case.deleted_at is None or case.deleted_by:
        return case.deleted_by
    return {f"{case.source}:": case.deleted_at}
