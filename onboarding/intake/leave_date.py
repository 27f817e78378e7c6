"""The last day is another one, or none any more: the step that writes it into Entra is undone, and an end that was
announced comes true at another moment, or not at all (`intake.announced_end`). Pure.

The step (`provisioning.steps.set_leave_date`) looks what is there, and changes only what it wrote itself.
"""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.domain.nudges import end_of_last_day
from onboarding.domain.records import StepRecord, StepStatus

#: The step of `provisioning`.
_STEP = "set_leave_date"


def note(case: Case) -> None:
    """Before HR's next word: of a case from before it was kept what was written, that is what was written."""
    account, record, end = case.account, case.steps.get(_STEP), end_of_last_day(case.hire)
    done = record is not None and record.status is StepStatus.DONE
    if account is not None and done and end is not None and not account.leave_dates:
        account.leave_dates = [end]


def follow(case: Case, before: Hire) -> None:
    """After HR's word, `before` which the hire was this."""
    if case.ends_at is not None and case.withdrawn_at is None:  # an end that came true does not move any more
        announce(case)
    moved = end_of_last_day(case.hire) != end_of_last_day(before)
    if moved and case.account is not None and _STEP in case.steps:
        case.steps[_STEP] = StepRecord()


def announce(case: Case) -> None:
    """HR announced that the employment ends: that is when the last day that stands is over."""
    case.ends_at = end_of_last_day(case.hire)


def carry(case: Case, other: Case) -> None:
    """What was announced in `other`, whose facts were joined to those of `case`."""
    if case.ends_at is not None or other.ends_at is not None:
        announce(case)
