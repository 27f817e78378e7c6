"""Whoever HR calls a guest, or somebody of Active Directory, after an earlier try may have made their account: it is
looked for, linked, and disabled.

Only then a guest is refused and the account of Active Directory waited for, so that nothing that somebody could be
given stays behind on no case, nor beside another. Whoever was given theirs, or has begun, is not locked out by a word
of HR's: an administrator decides, as for a withdrawn hire (`steps.disable_account`, whose guards these are).
"""

from __future__ import annotations

from onboarding.domain import beginning
from onboarding.domain.account import OWN_ORIGINS
from onboarding.domain.case import Case
from onboarding.provisioning.linking import upn_alias
from onboarding.provisioning.step import Block, Context, Done, Outcome, Wait
from onboarding.provisioning.steps import disable_account, reserve_username


def is_given(case: Case) -> bool:
    """The account is the person's: a first credential went out, they signed in, or it is not ours to take away."""
    account = case.account
    if account is None:
        return False
    return account.origin not in OWN_ORIGINS or case.access_pass is not None or beginning.is_in_use(case)


def is_due(ctx: Context) -> bool:
    """Nothing is made for the person by this service, and what was made is nobody's yet. Of Active Directory are not
    people who began before HR said so, or who come back to an account that they had."""
    case = ctx.case
    if is_given(case):
        return False
    if reserve_username.refusal(ctx) is not None:
        return True
    had = case.account is not None and beginning.has_begun(case, ctx.now)
    return reserve_username.is_synced(ctx) and not had


def forget(case: Case) -> None:
    """What was looked for meanwhile says nothing about the next time."""
    case.steps.pop(disable_account.STEP.name, None)


async def close(ctx: Context) -> Wait | None:
    """See to it that nobody can sign in to what was made. A wait while that may not be visible yet."""
    case = ctx.case
    if case.account is None and case.intent is None:
        return None
    if case.intent is not None and case.intent.unmade and case.account is None:
        outcome: Outcome = Done(disable_account.NEVER)  # no request has taken effect, for certain
    else:
        # One that is found only now was nobody's yet, also on a first day.
        outcome = await disable_account.disable(ctx, given=case.account is not None)
    if isinstance(outcome, Wait):
        return outcome
    forget(case)
    if isinstance(outcome, Block):
        await ctx.save("account_not_disabled", reason=outcome.reason)
    elif outcome == Done("disabled"):
        await ctx.save("step_done", step=disable_account.STEP.name, detail=outcome.detail)
    if case.intent is not None:
        # It took no effect: the name is free again, and is not looked for once more.
        await ctx.s.cases.release_alias(upn_alias(case.intent.user_principal_name), case.case_id)
        case.mark, case.intent = case.intent.mark, None
        await ctx.save("username_released")
    return None
