"""An id that HR gave again, told before anybody is joined with its case. Pure.

What another system knows of the next one brings their name into the case (`intake.joining`): after that nobody could
see any more that the hire event is not of the one before. And whoever is compared with the case is to be compared with
the next one, and not with what is left of the one before.
"""

from __future__ import annotations

import copy
from datetime import datetime

from onboarding.domain.case import Case
from onboarding.domain.hire import HireEvent
from onboarding.intake import numbers, other_name
from onboarding.intake.decide import apply_event
from onboarding.intake.outcome import APPROVE_OTHER_NAME, Circumstances, ask_of_name


def tell_apart(case: Case, event: HireEvent, at: datetime, now: datetime) -> None:
    """What the event, of `at`, is about to do to a case under whose ids it names somebody else: what was said of the
    one before is forgotten, and an approver is to be asked. Done again, it does nothing."""
    if numbers.alone(event) or not other_name.may_be_another(case, event, at):
        return
    then = copy.deepcopy(case)
    apply_event(then, event, Circumstances("", at), now)
    if other_name.follow(case, then) and APPROVE_OTHER_NAME in {
        *then.questions,
        then.reason_code,
        then.open_question,
    }:
        ask_of_name(case)
