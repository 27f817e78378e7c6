"""Outcome: nobody can sign in to the account of a hire that HR withdrew before the first day.

Look, act on the difference, record. Refused, with a reason for an administrator: accounts that we did not create,
accounts that are synchronised from Active Directory (their state belongs to it), protected accounts
(`safeguards.protection`: break-glass and other administrators are never touched), and accounts of people whose first
day has come. An account whose request may still be on its way is looked for under the reserved name until that cannot
be any more. Nothing is deleted.
"""

from __future__ import annotations

from onboarding.domain.case import TENANT, Account, AccountIntent, Alias, AliasKind
from onboarding.errors import NotYetVisible
from onboarding.ports import CLAIM_LEASE, DirectoryUser
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


async def run(ctx: Context) -> Outcome:
    """Disable, or say why not."""
    if ctx.case.account is None and (missing := await _settle_intent(ctx)) is not None:
        return missing
    if ctx.account.origin != "created":
        return Block(ADOPTED)
    start = ctx.hire.start_date
    if start is not None and start <= ctx.now.date():
        return Block(AFTER_START)
    user = await ctx.s.directory.get_user(ctx.account.id)
    if user is None:
        if ctx.now < ctx.account.created_at + CLAIM_LEASE:
            raise NotYetVisible("The account is not readable yet; waiting for replication.")
        return Done("account_gone")
    if user.account_enabled is False:
        return Done("already_disabled")
    if user.synced:
        return Block(SYNCED)
    if reason := await protection.refusal(ctx.s, user, ours=True):
        return Block(reason)
    if not ctx.account.disabled_by_us:
        # Whether it was us decides whether a later hire may enable it: written before.
        ctx.account.disabled_by_us = True
        await ctx.save("disable_intended")
    await ctx.s.directory.disable_user(user.id)
    return Done("disabled")


async def _settle_intent(ctx: Context) -> Outcome | None:
    """Whether the request to create the account took effect. None: it did, and the case has the account now."""
    intent = ctx.case.intent
    if intent is None:
        return Done("never_created")
    user = await ctx.s.directory.get_user(intent.user_principal_name)
    if user is not None and _ours(user, intent):
        await _link(ctx, intent, user)
        return None
    if user is None:
        record = ctx.case.step(STEP.name)
        record.first_failed_at = record.first_failed_at or ctx.now
        if ctx.now < (until := record.first_failed_at + CLAIM_LEASE):
            return Wait(until, "account_in_doubt")
    return Done("never_created")


def _ours(user: DirectoryUser, intent: AccountIntent) -> bool:
    return user.employee_id == intent.mark and user.created_at is not None and user.created_at >= intent.at


async def _link(ctx: Context, intent: AccountIntent, user: DirectoryUser) -> None:
    await ctx.s.cases.claim_alias(Alias(TENANT, AliasKind.OBJECT_ID, user.id), ctx.case.case_id)
    ctx.case.account = Account(
        user.id, user.user_principal_name, intent.mark, user.created_at or intent.at, synced=bool(user.synced)
    )
    ctx.case.intent = None
    await ctx.save("account_linked", origin="created", object_id=user.id)
