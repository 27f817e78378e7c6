"""What follows for a case from other facts than before, whether an event said them or another case brought them. Pure.

Called once whenever facts were merged, after a new run was begun and before it is decided where the case goes on.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.domain.lifecycle import State
from onboarding.intake import first_day, former_manager, hire_date, leave_date
from onboarding.intake.outcome import OVER


def follow(case: Case, before: Hire, now: datetime) -> int:
    """After HR's word, `before` which the hire was this. Returns by how many days the first day moved; 0 where it did
    not, or one of the two is not known."""
    first, start = before.start_date, case.hire.start_date
    moved = (start - first).days if first and start else 0
    if case.state not in OVER | {State.EXCLUDED}:
        if moved > 0 or first is None:
            first_day.put_off(case)
        first_day.outdate_pass(case, before, now)
    if case.state not in OVER:
        first_day.undo_ended(case, before, now)
    leave_date.follow(case, before)
    former_manager.recall_pass(case, before, now)
    hire_date.follow(case, before)
    return moved
