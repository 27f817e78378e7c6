"""Whoever HR calls a guest, or somebody of Active Directory, after an earlier try may have made their account: it is
looked for, linked, and disabled.

Only then a guest is refused and the account of Active Directory waited for, so that nothing that somebody could be
given stays behind on no case, nor beside another. Whoever was given theirs, or has begun, is not locked out by a word
of HR's: an administrator decides, as for a withdrawn hire (`steps.disable_account`, whose guards these are).
"""

from __future__ import annotations

from datetime import datetime

from onboarding import casework
from onboarding.domain import beginning
from onboarding.domain.account import OWN_ORIGINS
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.ports import Services
from onboarding.provisioning.linking import upn_alias
from onboarding.provisioning.step import Block, Context, Done, Outcome, Wait
from onboarding.provisioning.steps import disable_account, enable_account, reserve_username


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


async def heed(s: Services, case: Case, now: datetime) -> bool:
    """Of somebody who is followed up. True: the case is in `provisioning` again, which closes the account. False: it
    stays, and says on the account what HR says of the person since.

    Raises StoreConflict (load the case again).
    """
    ctx = Context(s, case, now)
    account = case.account
    if account is None:
        return False
    if case.state is State.FOLLOWING_UP and is_due(ctx) and not beginning.has_begun(case, now):
        case.apply(Event.START_MOVED)
        note = casework.entry(now, "account_reconsidered", reason=_word(ctx))
        await casework.hand_over(s, case, now, "provision", note)
        return True
    stands = account.origin not in OWN_ORIGINS or account.synced
    word = None if stands else _word(ctx)
    if word != account.contradicted:
        account.contradicted = word
        notes = [casework.entry(now, "account_contradicted", reason=word)] if word else []
        await casework.save(s, case, now, *notes)
    return False


def _word(ctx: Context) -> str | None:
    """What HR calls the person, as a code of `Account.contradicted`."""
    if reserve_username.refusal(ctx) is not None:
        return "guest"
    return "synced" if reserve_username.is_synced(ctx) else None


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
    if case.account is not None and case.account.disabled_by_us:
        case.steps.pop(enable_account.STEP.name, None)  # to be done once more, should HR take that back
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
