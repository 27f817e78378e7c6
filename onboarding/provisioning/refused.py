"""Whoever HR calls a guest after an earlier try may have made their account: it is looked for, linked, and disabled.

Only then the person is refused, so that no account that somebody could be given stays behind on no case. Whoever was
given theirs, or has begun, is not locked out by a word of HR's: an administrator decides, as for a withdrawn hire
(`steps.disable_account`, whose guards these are).
"""

from __future__ import annotations

from onboarding.domain import beginning
from onboarding.domain.account import OWN_ORIGINS
from onboarding.domain.case import Case
from onboarding.provisioning.step import Block, Context, Done, Outcome, Wait
from onboarding.provisioning.steps import disable_account


def is_given(case: Case) -> bool:
    """The account is the person's: a first credential went out, they signed in, or it is not ours to take away."""
    account = case.account
    if account is None:
        return False
    return account.origin not in OWN_ORIGINS or case.access_pass is not None or beginning.is_in_use(case)


def forget(case: Case) -> None:
    """The person is refused no more: what was looked for meanwhile says nothing about the next time."""
    case.steps.pop(disable_account.STEP.name, None)


async def close(ctx: Context, stop: Block) -> Outcome:
    """See to it that nobody can sign in to what was made, then `stop`. A wait while that may not be visible yet."""
    case = ctx.case
    if case.account is None and case.intent is None:
        return stop
    # One that is found only now was nobody's yet, also on a first day.
    outcome = await disable_account.disable(ctx, given=case.account is not None)
    if isinstance(outcome, Wait):
        return outcome
    forget(case)
    if isinstance(outcome, Block):
        await ctx.save("account_not_disabled", reason=outcome.reason)
    elif outcome == Done("disabled"):
        await ctx.save("step_done", step=disable_account.STEP.name, detail=outcome.detail)
    return stop
