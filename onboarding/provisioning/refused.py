"""Whoever HR calls a guest, or somebody of Active Directory, after an earlier try may have made their account: it is
looked for, linked, and disabled.

Only then a guest is refused and the account of Active Directory waited for, so that nothing that somebody could be
given stays behind on no case, nor beside another. Whoever was given theirs, or has begun, is not locked out by a word
of HR's: an administrator decides, as for a withdrawn hire (`steps.disable_account`, whose guards these are).
"""

from __future__ import annotations

from datetime import datetime

from onboarding import casework
from onboarding.domain import beginning, people_policy, run
from onboarding.domain.account import OWN_ORIGINS, READS_LAG, Account, PassRecord, PassStatus
from onboarding.domain.case import Case
from onboarding.domain.lifecycle import Event, State
from onboarding.domain.records import TimelineEntry
from onboarding.errors import DeployerError
from onboarding.ports import CANNOT_READ, CLAIM_LEASE, DirectoryUser, Services
from onboarding.provisioning import existing, from_sync, pass_guards
from onboarding.provisioning.existing import CREATES
from onboarding.provisioning.linking import upn_alias
from onboarding.provisioning.step import Block, Context, Done, Outcome, Wait
from onboarding.provisioning.steps import disable_account, enable_account, reserve_username

#: An account that may be somebody's stays enabled against HR's word: an administrator decides.
CONTRADICTED = "account_contradicted"
#: An approver said that another account is the person's, and this service may not disable the one of the case.
OWN_STAYS = "own_account_stays"
#: Why an account stays enabled: codes of the timeline, beside those of `steps.disable_account`.
_IN_USE, _BY_HAND = "in_use", "enabled_by_hand"


def is_given(ctx: Context) -> bool:
    """The account is the person's: a first credential went out, they signed in, the company gives it in its own way and
    the first day has come, or it is not ours to take away."""
    case, account = ctx.case, ctx.case.account
    if account is None:
        return False
    if account.origin not in OWN_ORIGINS or _is_handed_over(case.access_pass) or beginning.is_in_use(case):
        return True
    if run.is_kept(case) or (account.contradicted is not None and account.contradicted == _word(ctx)):
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


def is_to_look(case: Case, now: datetime) -> bool:
    """HR took its word back: whether another account came meanwhile is to be looked for, now and once more when it has
    replicated, and what was closed opened."""
    account = case.account
    if account is None or account.withheld or account.taken_back_at is None:
        return account is not None and account.withheld
    since, step = account.taken_back_at, case.steps.get(CREATES)
    looked = step is not None and step.at is not None and step.at >= since
    return not looked or now >= since + READS_LAG


async def heed(s: Services, case: Case, now: datetime) -> bool:
    """Of somebody who is followed up. True: the case is in `provisioning` again, which closes the account, or looks for
    another one. False: it stays, and says on the account what HR says of the person since.

    Raises StoreConflict (load the case again).
    """
    ctx = Context(s, case, now)
    account = case.account
    if account is None:
        return False
    word = _word(ctx)
    closes = case.state is State.FOLLOWING_UP and is_due(ctx) and not beginning.has_begun(case, now)
    if closes or (word is None and is_to_look(case, now)):
        case.apply(Event.RERUN)
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
    another one has HR's number meanwhile, and an approver says whose it is, or it may come to sight yet."""
    account = ctx.case.account
    if account is not None and (account.withheld or account.taken_back_at is not None):
        if (found := await from_sync.instead_of(ctx, account, lambda: _left(ctx, account))) is not None:
            return found
        if (later := _once_more(ctx, account)) is not None:
            return later
        if account.closed_at is not None:
            user = await ctx.s.directory.get_user(account.id)
            if user is not None and _is_by_hand(ctx, account, user):
                account.kept_for = run.of(ctx.case, account)
        account.withheld, account.closed_at, account.closed_as = False, None, None
    forget(ctx.case)
    return None


def _once_more(ctx: Context, account: Account) -> Wait | None:
    """Another account that came before HR took its word back may not be found yet: until it is, nothing is opened. On
    a first day nobody waits for that: the account is opened at once, and the other one looked for afterwards."""
    if account.closed_as == "synced":  # HR's record was read: no event said so
        account.taken_back_at = account.taken_back_at or ctx.now
    since = account.taken_back_at
    if since is None or ctx.now >= since + READS_LAG:
        account.taken_back_at = None
        return None
    came = beginning.first_day_came(ctx.case, ctx.now)
    return None if came else Wait(since + READS_LAG, "another_account_may_come")


async def _left(ctx: Context, account: Account) -> Wait | Block | None:
    """Another one takes its place: nobody can sign in to it any more. None: so it is."""
    if (why := await _stays(ctx, account)) is not None:
        await ctx.save("account_not_disabled", reason=why)
        return Block(OWN_STAYS)
    outcome = await _disabled(ctx)
    if isinstance(outcome, Wait):
        return outcome
    return Block(OWN_STAYS) if isinstance(outcome, Block) else None


async def close(ctx: Context) -> Wait | Block | None:
    """See to it that nobody can sign in to what was made. A wait while that may not be visible yet. Where somebody
    signs in to it already it stays, and is not due any more; where it may not be disabled, an administrator decides."""
    case, known = ctx.case, ctx.case.account is not None
    if not known and case.intent is None:
        return None
    outcome = None if known else await _found(ctx)
    if outcome is None:
        if await _stays(ctx, ctx.account) is not None:
            await _keep(ctx, ctx.account)
            return None
        record = case.access_pass
        if record is not None and record.recall is None and case.pass_at_large(ctx.now):
            record.call_back(ctx.now, CLAIM_LEASE)  # saved with what follows
        outcome = await _disabled(ctx, given=known)
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


async def _found(ctx: Context) -> Outcome | None:
    """Whether a request whose answer was lost made one. None: it did, and the case has the account now."""
    intent = ctx.case.intent
    if intent is not None and intent.unmade:
        return Done(disable_account.NEVER)  # no request has taken effect, for certain
    missing = await disable_account.settle_intent(ctx)
    return None if missing is None else await _told(ctx, missing)


async def _keep(ctx: Context, account: Account) -> None:
    """It is the person's, in this run, whatever HR calls them."""
    account.contradicted, account.kept_for = _word(ctx), run.of(ctx.case, account)
    account.withheld, account.closed_at, account.closed_as = False, None, None
    await casework.save(ctx.s, ctx.case, ctx.now, *_noted(ctx, account.contradicted))


async def _disabled(ctx: Context, *, given: bool = True) -> Outcome:
    """What came of it, which the timeline says. Written down as withheld before it is: also what may not be disabled is
    not given to anybody by the first day that comes. One that is found only now was nobody's yet (`given`), also on a
    first day."""
    case, account = ctx.case, ctx.account
    account.withheld = account.withheld or not given or not _has_begun(ctx)
    if account.closed_as != "synced":  # whoever HR calls what afterwards, another account may have come since
        account.closed_as = _word(ctx) or account.closed_as
    case.steps.pop(enable_account.STEP.name, None)  # to be done once more, should HR take that back
    outcome = await _told(ctx, await disable_account.disable(ctx, given=given))
    if isinstance(outcome, Done):
        account.closed_at = account.closed_at or ctx.now  # saved with what follows
    return outcome


async def _told(ctx: Context, outcome: Outcome) -> Outcome:
    """The outcome, written down where it is one."""
    if isinstance(outcome, Wait):
        return outcome
    forget(ctx.case)
    if isinstance(outcome, Block):
        await ctx.save("account_not_disabled", reason=outcome.reason)
    elif outcome == Done("disabled"):
        await ctx.save("step_done", step=disable_account.STEP.name, detail=outcome.detail)
    return outcome


async def _stays(ctx: Context, account: Account) -> str | None:
    """Why it is not closed; None: it may be. Somebody has registered something, or used a pass: ahead of the first day,
    with a password of the company's own. Or an administrator enabled what was closed. Where the app may not read
    methods (neither role is needed for an account), what the case knows has to do, which is nothing of the kind
    (`is_given`).

    Raises NotYetVisible.
    """
    user = await ctx.s.directory.get_user(account.id)
    if user is None or account.is_disabled(user.account_enabled, ctx.now):
        return None
    if _is_by_hand(ctx, account, user):
        return _BY_HAND
    try:
        return _IN_USE if await pass_guards.is_in_use(ctx) else None
    except DeployerError as exc:
        if exc.code not in CANNOT_READ:
            raise
        return None


def _is_by_hand(ctx: Context, account: Account, user: DirectoryUser) -> bool:
    """An administrator enabled what was closed."""
    since = account.closed_at
    opened = user.account_enabled is not False and not user.synced
    return opened and since is not None and ctx.now >= since + READS_LAG
