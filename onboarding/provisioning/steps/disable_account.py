"""Outcome: nobody can sign in to the account of a hire that HR withdrew before the first day.

Look, act on the difference, record. An account that is disabled or gone already is no question; one that this service
enabled so lately that a read may not show it is disabled whatever is read (`Account.may_lag`). Refused, with a reason
for an administrator: accounts that we did not create (but for those that we restored for this hire, and that nobody was
given yet), accounts that are synchronised from Active Directory (their state belongs to it), protected accounts
(`safeguards.protection`: break-glass and other administrators are never touched), and accounts of people a first day
of whom has come, where they work, whatever HR has said about it since (`domain.beginning`), and accounts that became
another case's while nobody knew whether this one had made them. What the tenant does not
show yet is looked for, a linked account by its id and one whose request may have taken effect under the reserved name,
until it would have replicated (`REPLICATION`): soon at first, then ever more rarely. Whoever knows better after that
runs the case again. Nothing is deleted.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain import beginning
from onboarding.domain.account import DISABLED, AccountIntent
from onboarding.domain.case import Case
from onboarding.domain.records import StepStatus
from onboarding.errors import DeployerError
from onboarding.ports import CLAIM_LEASE, REPLICATION, DirectoryUser
from onboarding.provisioning.existing import is_ours, was_enabled
from onboarding.provisioning.linking import hidden_until, object_alias, take
from onboarding.provisioning.step import WITHDRAWAL, Block, Context, Done, Outcome, Step, Wait
from onboarding.safeguards import protection

STEP = Step(
    "disable_account",
    "The account of a withdrawn hire is disabled",
    permissions=(
        "User.ReadWrite.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    track=WITHDRAWAL,
)
AFTER_START = "disable_after_start"
ADOPTED = "disable_adopted_account"
SYNCED = "disable_synced_account"
OF_ANOTHER_CASE = "disable_account_of_another_case"
GONE, NEVER = "account_gone", "never_created"


def found_none(case: Case) -> bool:
    """The step is done because there was no account to disable; should there be one after all, a rerun finds it."""
    record = case.steps.get(STEP.name)
    return record is not None and record.status is StepStatus.DONE and record.detail in {GONE, NEVER}


async def run(ctx: Context) -> Outcome:
    """Disable, or say why not."""
    return await disable(ctx, given=True)


async def disable(ctx: Context, *, given: bool) -> Outcome:
    """`given` False: nobody ever had the account, whatever day it is."""
    if ctx.case.account is None and (missing := await settle_intent(ctx)) is not None:
        return missing
    ours = ctx.account.origin == "created"
    user = await ctx.s.directory.get_user(ctx.account.id)
    if user is None:
        if ctx.now < (until := hidden_until(ctx.account)) and not await _is_deleted(ctx):
            return _look_again(ctx, until)
        return Done(GONE)
    if ctx.account.is_disabled(user.account_enabled, ctx.now):
        return Done("already_disabled")  # also by an administrator, where it was not ours to do
    if not ours and not _restored_in_vain(ctx):
        return Block(ADOPTED)
    if given and beginning.has_begun(ctx.case, ctx.now):
        return Block(AFTER_START)
    if user.synced:
        return Block(SYNCED)
    if reason := await protection.refusal(ctx.s, user, ours=ours):
        return Block(reason)
    # Whether it was us decides whether a later hire may enable it: written before.
    first, ctx.account.disabled_by_us = not ctx.account.disabled_by_us, True
    await ctx.about_to_write(DISABLED, "disable_intended" if first else None)
    try:
        await ctx.s.directory.disable_user(user.id)
    except DeployerError:  # refused: nothing was written (saved with what the runner makes of it)
        ctx.account.written.pop(DISABLED, None)
        ctx.account.disabled_by_us = ctx.account.disabled_by_us and not first
        raise
    return Done("disabled")


def _restored_in_vain(ctx: Context) -> bool:
    """This service restored it for the hire, and nobody was given it yet."""
    account = ctx.account
    return account.origin == "restored" and account.restored_at is not None and not was_enabled(ctx)


async def _is_deleted(ctx: Context) -> bool:
    return await ctx.s.directory.get_deleted(ctx.account.id) is not None


def _missed_since(ctx: Context) -> datetime:
    """When this step first looked in vain. The hire was over by then: no request to create was made since."""
    record = ctx.case.step(STEP.name)
    record.first_failed_at = record.first_failed_at or ctx.now
    return record.first_failed_at


def _look_again(ctx: Context, until: datetime) -> Wait:
    """After as long as it has been looked for already."""
    pause = max(CLAIM_LEASE, ctx.now - _missed_since(ctx))
    return Wait(min(until, ctx.now + pause), "account_in_doubt")


async def settle_intent(ctx: Context) -> Outcome | None:
    """Whether the request to create the account, or to restore it, took effect. None: it did, and the case has the
    account now."""
    intent = ctx.case.intent
    if intent is None:
        return Done(NEVER)
    user = await ctx.s.directory.get_user(intent.restores or intent.user_principal_name)
    if user is not None and (intent.restores or is_ours(user, intent)):
        return await _link(ctx, intent, user)
    if user is None and ctx.now < (until := _missed_since(ctx) + REPLICATION):
        return _look_again(ctx, until)
    return Done(NEVER)


async def _link(ctx: Context, intent: AccountIntent, user: DirectoryUser) -> Block | None:
    """None: it is this case's now. Where another case has it already, it is that one's, and stays as it is."""
    alias = object_alias(user)
    if (owner := await ctx.s.cases.claim_alias(alias, ctx.case.case_id)) != ctx.case.case_id:
        await ctx.save("account_of_another_case", other=owner, object_id=user.id)
        return Block(OF_ANOTHER_CASE)
    await take(ctx, user, "restored" if intent.restores else "created", intent)
    return None
