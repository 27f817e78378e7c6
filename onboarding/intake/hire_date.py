"""The first day is another one than the account was made with: the step that writes it into Entra is undone. Pure.

The step (`provisioning.steps.set_hire_date`) looks what is there, and writes what differs.
"""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.domain.hire import Hire
from onboarding.domain.records import StepRecord
from onboarding.intake.outcome import OVER

#: The step of `provisioning`.
_STEP = "set_hire_date"


def follow(case: Case, before: Hire) -> None:
    """After HR's word, `before` which the hire was this. Before the account is begun there is nothing to correct (a
    request without an answer may have made it with the day before), and a run that begins anew looks by itself."""
    begun = bool(case.steps) and (case.account is not None or case.intent is not None)
    moved = case.hire.start_date not in {None, before.start_date}
    if begun and moved and case.state not in OVER:
        case.steps[_STEP] = StepRecord()
