"""No to a first credential that waits for an approval: the case goes on without one, and nobody is asked again.

For whoever got their first credential in another way, or must not get one by mail. The rest of the first day and the
follow-up go on; a new pass (`operate.desk`) can be asked for at any time.
"""

from __future__ import annotations

from datetime import datetime

from onboarding import casework
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.pass_day import SAID_NO
from onboarding.domain.records import StepRecord, StepStatus
from onboarding.errors import IllegalTransition
from onboarding.operate.asks import Ask
from onboarding.ports import Services
from onboarding.provisioning.steps import issue_access_pass

WITHOUT_PASS = "without-pass"  # noqa: S105 - the name of an action
_QUESTIONS = frozenset({issue_access_pass.NEEDS_APPROVAL, issue_access_pass.NEEDS_APPROVAL_MANAGER})


def asks(case: Case) -> bool:
    """The case waits for an approver's word about the first credential."""
    return case.state is State.BLOCKED and case.reason_code in _QUESTIONS


async def carry_out(s: Services, case: Case, now: datetime, ask: Ask) -> None:
    """Leave the step out, and go on. IllegalTransition where the case does not ask about a first credential."""
    if not asks(case):
        raise IllegalTransition("This case does not wait for an approval of a first credential.")
    case.apply(Event.UNBLOCK)
    case.steps[issue_access_pass.STEP.name] = StepRecord(StepStatus.SKIPPED, at=now, detail=SAID_NO)
    note = casework.entry(now, "without_pass", f"operator:{ask.actor}", reason=ask.reason.strip())
    await casework.hand_on(s, case, now, "provision", "without_pass", note)
