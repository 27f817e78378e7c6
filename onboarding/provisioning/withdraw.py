"""A hire that is over, withdrawn or excluded: no pass of it stays usable, and what was made in vain is disabled.

Not part of the plan: it runs in states in which nothing else happens, because the next action says so. Where the
person never began (`cancelled`), the step `disable_account` follows; whoever began leaves an account that an
administrator decides about. A refusal is written on the case, with its reason; nothing is ever deleted.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from onboarding import casework, observe
from onboarding.domain import retry
from onboarding.domain.case import Case, PassStatus, StepStatus
from onboarding.domain.lifecycle import State
from onboarding.errors import DeployerError, Held, OperatorError, RetryLater, StoreConflict
from onboarding.ports import Services
from onboarding.provisioning import holds
from onboarding.provisioning.step import Block, Context, Outcome, Skip, Wait
from onboarding.provisioning.steps import disable_account

log = logging.getLogger(__name__)
OVER = frozenset({State.CANCELLED, State.CLOSED, State.EXCLUDED})
REVOKE, DISABLE = "revoke_pass", disable_account.STEP.name
#: A delayed message may be there a moment before our clock agrees.
_EARLY = timedelta(seconds=1)


def is_due(case: Case) -> bool:
    """Something of this is left to do, now or later."""
    planned = case.next_action
    return case.state in OVER and (
        planned.what == REVOKE or (planned.what == DISABLE and planned.when is not None)
    )


async def advance(s: Services, case: Case, now: datetime) -> None:
    """Void the pass, then disable the account of whoever never began. Raises RetryLater for the pass: the message
    comes again."""
    if case.next_action.when is not None and now < case.next_action.when - _EARLY:
        return
    if case.next_action.what == REVOKE:
        await _revoke(s, case, now)
    if case.state is State.CANCELLED and (case.account or case.intent):
        await _disable(Context(s, case, now))


async def _revoke(s: Services, case: Case, now: datetime) -> None:
    """Void what is left in the tenant. Where the tenant refuses, the case says so: somebody has to look anyway."""
    action = "pass_voided"
    if case.account is not None and case.access_pass is not None:
        try:
            for left in await s.security.passes(case.account.id):
                await s.security.void_pass(case.account.id, left.id)
            case.access_pass.status = PassStatus.VOID
        except (OperatorError, DeployerError) as exc:
            observe.failure(log, "pass_not_voided", exc, case_id=case.case_id)
            action = "pass_not_voided"
    why, note = case.reason_code or str(case.state), casework.entry(now, action)
    if case.state is State.CANCELLED:
        # Due still: a crash here must not leave the account as it is.
        await casework.wait(s, case, now, DISABLE, now, why, note)
    else:
        await casework.rest(s, case, now, DISABLE, why, note)


async def _disable(ctx: Context) -> None:
    """Run the step and write what came of it."""
    try:
        outcome: Outcome = await disable_account.run(ctx)
    except StoreConflict:
        raise
    except Held as exc:
        outcome = Wait(ctx.now + holds.patience(ctx, exc), exc.code)
    except RetryLater as exc:
        await _again(ctx, exc)
        return
    except (OperatorError, DeployerError) as exc:
        observe.failure(log, "account_not_disabled", exc, case_id=ctx.case.case_id, code=exc.code)
        outcome = Block(exc.code)
    await _record(ctx, outcome)


async def _record(ctx: Context, outcome: Outcome) -> None:
    s, case, now, record = ctx.s, ctx.case, ctx.now, ctx.case.step(DISABLE)
    record.at, record.code = now, None
    match outcome:
        case Wait(until, why):
            record.status, record.detail = StepStatus.WAITING, why
            await casework.wait(s, case, now, DISABLE, until, why)
        case Block(reason):
            record.status, record.code = StepStatus.BLOCKED, reason
            note = casework.entry(now, "account_not_disabled", reason=reason)
            await casework.rest(s, case, now, DISABLE, reason, note)
        case _:
            said = outcome.why if isinstance(outcome, Skip) else outcome.detail
            record.status, record.detail, record.first_failed_at = StepStatus.DONE, said, None
            note = casework.entry(now, "step_done", step=DISABLE, detail=said)
            await casework.rest(s, case, now, "none", case.reason_code or str(case.state), note)


async def _again(ctx: Context, error: RetryLater) -> None:
    s, record, now = ctx.s, ctx.case.step(DISABLE), ctx.now
    record.at, record.code = now, error.code
    decision = retry.failed(
        s.policy.retry, record, now=now, fraction=s.entropy.fraction(), retry_after=error.retry_after
    )
    if isinstance(decision, retry.GiveUp):
        await _record(ctx, Block("retries_exhausted"))
        return
    record.status = StepStatus.RETRYING
    await casework.wait(s, ctx.case, now, DISABLE, decision.when, error.code)
