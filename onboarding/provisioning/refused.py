"""Whoever HR calls a guest, or somebody of Active Directory, after an earlier try may have made their account: it is
looked for, linked, and disabled.

Only then a guest is refused and the account of Active Directory waited for, so that nothing that somebody could be
given stays behind on no case, nor beside another. Whoever was given theirs, or has begun, is not locked out by a word
of HR's: an administrator decides, as for a withdrawn hire (`steps.disable_account`, whose guards these are).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding import casework
from onboarding.domain import beginning, people_policy
from onboarding.domain.account import OWN_ORIGINS, Account, PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import TimelineEntry
from onboarding.errors import DeployerError
from onboarding.ports import CANNOT_READ, CLAIM_LEASE, Services
from onboarding.provisioning import existing, from_sync, pass_guards
from onboarding.provisioning.linking import upn_alias
from onboarding.provisioning.step import Block, Context, Done, Outcome, Wait
from onboarding.provisioning.steps import disable_account, enable_account, reserve_username

#: An account that may be somebody's stays enabled against HR's word: an administrator decides.
CONTRADICTED = "account_contradicted"
#: So long after it was closed an account may still look enabled.
_LAG = timedelta(hours=1)


def is_given(ctx: Context) -> bool:
    """The account is the person's: a first credential went out, they signed in, the company gives it in its own way and
    the first day has come, or it is not ours to take away."""
    case, account = ctx.case, ctx.case.account
    if account is None:
        return False
    if account.origin not in OWN_ORIGINS or _is_handed_over(case.access_pass) or beginning.is_in_use(case):
        return True
    if account.contradicted is not None and account.contradicted == _word(ctx):
        return True
    closed = account.withheld or account.closed_at is not None or account.disabled_by_us
    return not closed and ctx.s.settings.first_credential == "none" and _has_begun(ctx)


def _has_begun(ctx: Context) -> bool:
    """In this run: who comes back has begun in the one before, with an account that may be disabled since."""
    case = ctx.case
    if case.rehired_at is not None:
        return existing.was_enabled(ctx) and beginning.first_day_came(case, ctx.now)
    return beginning.has_begun(case, ctx.now)


def _is_handed_over(record: PassRecord | None) -> bool:
    """Somebody has it. One that was only meant to be made is called back, and one that is void is of no use."""
    return record is not None and record.status is PassStatus.DELIVERED


def is_due(ctx: Context) -> bool:
    """Nothing is made for the person by this service, and what was made is nobody's yet. Of Active Directory are not
    people who began before HR said so, or who come back to an account that they had."""
    case = ctx.case
    if is_given(ctx):
        return False
    if reserve_username.refusal(ctx) is not None:
        return True
    had = case.account is not None and beginning.has_begun(case, ctx.now)
    return reserve_username.is_synced(ctx) and not had


def is_to_look(case: Case) -> bool:
    """HR took its word back: whether another account came meanwhile is to be looked for, and what was closed opened."""
    return case.account is not None and (case.account.withheld or case.account.look_instead)


async def heed(s: Services, case: Case, now: datetime) -> bool:
    """Of somebody who is followed up. True: the case is in `provisioning` again, which closes the account. False: it
    stays, and says on the account what HR says of the person since.

    Raises StoreConflict (load the case again).
    """
    ctx = Context(s, case, now)
    account = case.account
    if account is None:
        return False
    word = _word(ctx)
    due = is_due(ctx) or (is_to_look(case) and not is_given(ctx))
    if case.state is State.FOLLOWING_UP and due and not beginning.has_begun(case, now):
        case.apply(Event.START_MOVED)
        action = "account_reconsidered" if word else "another_account_looked_for"
        await casework.hand_over(s, case, now, "provision", casework.entry(now, action, reason=word))
        return True
    word = None if account.synced or account.origin == "synced" else word
    if word != account.contradicted:
        account.contradicted = word
        await casework.save(s, case, now, *_noted(ctx, word))
    return False


def _word(ctx: Context) -> str | None:
    """What HR calls the person, as a code of `Account.contradicted`."""
    return people_policy.called(ctx.s.policy.people, ctx.case)


def _noted(ctx: Context, word: str | None) -> list[TimelineEntry]:
    return [casework.entry(ctx.now, "account_contradicted", reason=word)] if word else []


def forget(case: Case) -> None:
    """What was looked for meanwhile says nothing about the next time."""
    case.steps.pop(disable_account.STEP.name, None)


async def taken_up(ctx: Context) -> Outcome | None:
    """HR takes back what an account was closed for. None: there is none, or it is the person's from now on; else
    another one has HR's number meanwhile, and an approver says whose it is."""
    account = ctx.case.account
    if account is not None and is_to_look(ctx.case):
        if (found := await from_sync.instead_of(ctx, account, lambda: _left(ctx, account))) is not None:
            return found
        account.withheld, account.look_instead, account.closed_at = False, False, None
    forget(ctx.case)
    return None


async def _left(ctx: Context, account: Account) -> Wait | Block | None:
    """Another one takes its place: nobody can sign in to it any more. None: so it is."""
    if await _stays(ctx, account):
        return Block(CONTRADICTED)
    outcome = await _disabled(ctx)
    if isinstance(outcome, Wait):
        return outcome
    return Block(CONTRADICTED) if isinstance(outcome, Block) else None


async def close(ctx: Context) -> Wait | Block | None:
    """See to it that nobody can sign in to what was made. A wait while that may not be visible yet. Where somebody
    signs in to it already it stays, and is not due any more; where it may not be disabled, an administrator decides."""
    case, account = ctx.case, ctx.case.account
    if account is None and case.intent is None:
        return None
    if account is not None and await _stays(ctx, account):
        account.contradicted, account.withheld, account.closed_at = _word(ctx), False, None
        await casework.save(ctx.s, case, ctx.now, *_noted(ctx, account.contradicted))
        return None
    record = case.access_pass
    if record is not None and record.recall is None and case.pass_at_large(ctx.now):
        record.call_back(ctx.now, CLAIM_LEASE)  # saved with what follows
    outcome = await _disabled(ctx)
    if isinstance(outcome, Wait):
        return outcome
    if case.intent is not None:
        # It took no effect: the name is free again, and is not looked for once more.
        await ctx.s.cases.release_alias(upn_alias(case.intent.user_principal_name), case.case_id)
        case.mark, case.intent = case.intent.mark, None
        await ctx.save("username_released")
    # Active Directory has it now, or another case: it is not this service's to close.
    passed_on = {disable_account.SYNCED, disable_account.OF_ANOTHER_CASE}
    if isinstance(outcome, Block) and outcome.reason not in passed_on:
        return Block(CONTRADICTED)
    return None


async def _disabled(ctx: Context) -> Outcome:
    """What came of it, which the timeline says. Written down as withheld before it is: also what may not be disabled is
    not given to anybody by the first day that comes."""
    case, account = ctx.case, ctx.case.account
    if account is not None:
        account.withheld = account.withheld or not _has_begun(ctx)
        case.steps.pop(enable_account.STEP.name, None)  # to be done once more, should HR take that back
    elif case.intent is not None and case.intent.unmade:
        return Done(disable_account.NEVER)  # no request has taken effect, for certain
    # One that is found only now was nobody's yet, also on a first day.
    outcome = await disable_account.disable(ctx, given=account is not None)
    if case.account is not None and case.account.disabled_by_us:
        case.account.withheld = True
    if isinstance(outcome, Wait):
        return outcome
    forget(case)
    if case.account is not None and isinstance(outcome, Done):
        case.account.closed_at = case.account.closed_at or ctx.now  # saved with what follows
    if isinstance(outcome, Block):
        await ctx.save("account_not_disabled", reason=outcome.reason)
    elif outcome == Done("disabled"):
        await ctx.save("step_done", step=disable_account.STEP.name, detail=outcome.detail)
    return outcome


async def _stays(ctx: Context, account: Account) -> bool:
    """Somebody has registered something, or used a pass: ahead of the first day, with a password of the company's own.
    Or an administrator enabled what was closed. Where the app may not read methods (neither role is needed for an
    account), what the case knows has to do, which is nothing of the kind (`is_given`).

    Raises NotYetVisible.
    """
    user = await ctx.s.directory.get_user(account.id)
    if user is None or account.is_disabled(user.account_enabled, ctx.now):
        return False
    if account.closed_at is not None and not user.synced and ctx.now >= account.closed_at + _LAG:
        return True
    try:
        return await pass_guards.is_in_use(ctx)
    except DeployerError as exc:
        if exc.code not in CANNOT_READ:
            raise
        return False
