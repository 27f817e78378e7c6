"""Another manager, first day or last day for somebody who is provisioned: the steps `set_manager`, `set_hire_date` and
`set_leave_date` alone, beside the follow-up.

HR's word made the step undone (`intake.merging`, `hire_date`, `leave_date`), and until it is done nobody counts as the
manager. The follow-up is the greater good: an outage is waited for as long as the policy says, but nobody is blocked
for the link or a date, and where a permission, a limit or a dry run holds the step it is tried again whenever the
case is looked at: HR does not say it twice. So is a manager who could not be found.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import retry
from onboarding.domain.case import Case
from onboarding.domain.records import StepStatus, TimelineEntry
from onboarding.errors import DeployerError, OperatorError, RetryLater, StoreConflict
from onboarding.ports import Services
from onboarding.provisioning import holds
from onboarding.provisioning.plan import Planned
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Wait
from onboarding.provisioning.steps import set_hire_date, set_leave_date, set_manager
from onboarding.provisioning.withdraw import DRY_RUN

log = logging.getLogger(__name__)
NAME = set_manager.STEP.name
_STEPS = (
    Planned(set_manager.STEP, set_manager.run),
    Planned(set_hire_date.STEP, set_hire_date.run),
    Planned(set_leave_date.STEP, set_leave_date.run),
)
_NOT_DONE = {
    NAME: "manager_not_set",
    set_hire_date.STEP.name: "hire_date_not_set",
    set_leave_date.STEP.name: "leave_date_not_set",
}
#: Undone only where HR's word made it so; the others have nothing on the case where there was nothing to do.
_BY_RECORD = frozenset({NAME, set_hire_date.STEP.name})
_OVER = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
#: A delayed message may be there a moment before our clock agrees.
_EARLY = timedelta(seconds=1)


async def advance(s: Services, case: Case, now: datetime) -> bool:
    """Run the steps that are undone. True: the follow-up goes on with `case`; False: it comes back for a step.

    Raises StoreConflict (load the case again).
    """
    for step in _STEPS:
        if _is_undone(s, case, step) and not await _run(s, case, now, step):
            return False
    planned = case.next_action.when
    if set_manager.looks_again(case.steps.get(NAME), now) and planned is not None and now >= planned - _EARLY:
        await _look_again(s, case, now)
    return True


def _is_undone(s: Services, case: Case, planned: Planned) -> bool:
    record = case.steps.get(planned.step.name)
    if case.account is None or (record is not None and record.status in _OVER):
        return False
    return planned.step.applies(s, case) and (record is not None or planned.step.name not in _BY_RECORD)


async def _run(s: Services, case: Case, now: datetime, step: Planned) -> bool:
    name, planned = step.step.name, case.next_action
    if planned.what == name and planned.when is not None and now < planned.when - _EARLY:
        return False
    try:
        outcome = await holds.run(Context(s, case, now), step, holds.Gate(s.cases))
    except StoreConflict:
        raise
    except RetryLater as exc:
        return await _again(s, case, now, name, exc)
    except (OperatorError, DeployerError) as exc:
        if exc.code == DRY_RUN:
            outcome = Wait(now, DRY_RUN)
        else:
            observe.failure(log, _NOT_DONE[name], exc, case_id=case.case_id, code=exc.code)
            outcome = Block(exc.code)
    if note := _record(case, now, name, outcome):
        await casework.save(s, case, now, note)
    return True


async def _look_again(s: Services, case: Case, now: datetime) -> None:
    """Whoever was not there is perhaps there now. What goes wrong stays for the next look of the follow-up, which
    neither waits for it nor says so."""
    case.steps[NAME].at = now
    try:
        outcome = await holds.run(Context(s, case, now), _STEPS[0], holds.Gate(s.cases))
    except StoreConflict:
        raise
    except (RetryLater, OperatorError, DeployerError) as exc:
        observe.event(log, "manager_not_looked_for", case_id=case.case_id, why=exc.code)
        return
    if isinstance(outcome, Wait) or (isinstance(outcome, Skip) and outcome.why == case.steps[NAME].detail):
        return
    if note := _record(case, now, NAME, outcome):
        await casework.save(s, case, now, note)


def _record(case: Case, now: datetime, name: str, outcome: Outcome) -> TimelineEntry | None:
    """What came of it, on the case; None: nothing yet."""
    record = case.step(name)
    record.at, record.code = now, None
    match outcome:
        case Wait(_, why):
            record.status, record.detail = StepStatus.WAITING, why
            return None
        case Done(detail):
            record.status, record.detail, record.first_failed_at = StepStatus.DONE, detail, None
            return casework.entry(now, "step_done", step=name, detail=detail)
        case Skip(why) | Block(why):
            record.status, record.detail, record.first_failed_at = StepStatus.SKIPPED, why, None
            return casework.entry(now, "step_skipped", step=name, why=why)


async def _again(s: Services, case: Case, now: datetime, name: str, error: RetryLater) -> bool:
    record = case.step(name)
    decision = retry.failed(
        s.policy.retry, record, now=now, fraction=s.entropy.fraction(), retry_after=error.retry_after
    )
    if isinstance(decision, retry.GiveUp):
        if note := _record(case, now, name, Skip(error.code)):
            await casework.save(s, case, now, note)
        return True
    record.at, record.code, record.status = now, error.code, StepStatus.RETRYING
    await casework.wait(s, case, now, name, decision.when, error.code)
    return False
