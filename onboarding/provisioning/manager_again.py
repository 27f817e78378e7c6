"""Another manager for somebody who is provisioned: the step `set_manager` alone, beside the follow-up.

HR's word made the step undone (`intake.merging`), and until it is done nobody counts as the manager. The follow-up is
the greater good: an outage is waited for as long as the policy says, but nobody is blocked for the link, and where a
permission or a limit holds the step it is tried again whenever the case is looked at.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import retry
from onboarding.domain.case import Case, StepStatus, TimelineEntry
from onboarding.errors import DeployerError, OperatorError, RetryLater, StoreConflict
from onboarding.ports import Services
from onboarding.provisioning import holds
from onboarding.provisioning.plan import Planned
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Wait
from onboarding.provisioning.steps import set_manager

log = logging.getLogger(__name__)
NAME = set_manager.STEP.name
_OVER = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
#: A delayed message may be there a moment before our clock agrees.
_EARLY = timedelta(seconds=1)


async def advance(s: Services, case: Case, now: datetime) -> bool:
    """Run the step if it is undone. True: the follow-up goes on with `case`; False: it comes back for the step.

    Raises StoreConflict (load the case again).
    """
    record, planned = case.steps.get(NAME), case.next_action
    if record is None or record.status in _OVER or case.account is None:
        return True
    if planned.what == NAME and planned.when is not None and now < planned.when - _EARLY:
        return False
    try:
        ctx = Context(s, case, now)
        outcome = await holds.run(ctx, Planned(set_manager.STEP, set_manager.run), holds.Gate(s.cases))
    except StoreConflict:
        raise
    except RetryLater as exc:
        return await _again(s, case, now, exc)
    except (OperatorError, DeployerError) as exc:
        observe.failure(log, "manager_not_set", exc, case_id=case.case_id, code=exc.code)
        outcome = Block(exc.code)
    if note := _record(case, now, outcome):
        await casework.save(s, case, now, note)
    return True


def _record(case: Case, now: datetime, outcome: Outcome) -> TimelineEntry | None:
    """What came of it, on the case; None: nothing yet."""
    record = case.step(NAME)
    record.at, record.code = now, None
    match outcome:
        case Wait(_, why):
            record.status, record.detail = StepStatus.WAITING, why
            return None
        case Done(detail):
            record.status, record.detail, record.first_failed_at = StepStatus.DONE, detail, None
            return casework.entry(now, "step_done", step=NAME)
        case Skip(why) | Block(why):
            record.status, record.detail, record.first_failed_at = StepStatus.SKIPPED, why, None
            return casework.entry(now, "step_skipped", step=NAME, why=why)


async def _again(s: Services, case: Case, now: datetime, error: RetryLater) -> bool:
    record = case.step(NAME)
    decision = retry.failed(
        s.policy.retry, record, now=now, fraction=s.entropy.fraction(), retry_after=error.retry_after
    )
    if isinstance(decision, retry.GiveUp):
        if note := _record(case, now, Skip(error.code)):
            await casework.save(s, case, now, note)
        return True
    record.at, record.code, record.status = now, error.code, StepStatus.RETRYING
    await casework.wait(s, case, now, NAME, decision.when, error.code)
    return False
