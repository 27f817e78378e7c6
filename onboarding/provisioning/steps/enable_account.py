"""Outcome: the person can sign in, from the lead time of the policy on.

Only for accounts that this service made disabled (created before the lead time), that it disabled itself when HR
withdrew the hire, and those of people who come back, where an approver or the policy agreed. Whoever else disabled an
account is not overruled: enabled once in a run, it is enabled again on an approver's new word alone.
"""

from __future__ import annotations

from dataclasses import replace

from onboarding.domain.account import DISABLED, ENABLED
from onboarding.domain.case import Case
from onboarding.ports import Services
from onboarding.provisioning import timing
from onboarding.provisioning.existing import NEEDS_APPROVAL_RESTORE, agreed, note_enabled
from onboarding.provisioning.linking import ask
from onboarding.provisioning.step import SYNCED_ACCOUNT, Block, Context, Done, Outcome, Skip, Step


def _applies(_s: Services, case: Case) -> bool:
    account = case.account
    return account is not None and not account.synced and (account.disabled_by_us or _came_back(case))


STEP = Step(
    "enable_account",
    "The person can sign in",
    after=("create_account", "set_manager"),
    lead=timing.ENABLE,
    permissions=(
        "User.ReadWrite.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    applies=_applies,
)


async def run(ctx: Context) -> Outcome:
    """Look, enable, record."""
    user = await ctx.writable()
    if isinstance(user, Block):
        return user
    account = ctx.account
    # A read that lags behind our own disabling says nothing: what is enabled once more is enabled.
    in_doubt = account.disabled_by_us and account.may_lag(DISABLED, ctx.now) and not user.synced
    if user.account_enabled is not False and not in_doubt:
        account.disabled_by_us = False
        note_enabled(ctx)
        return Done("already_enabled")
    if account.enabled_for is None and ctx.case.access_pass is not None:
        note_enabled(ctx)  # a case from before this was noted: a pass is only for an enabled account
    if user.synced:
        return Skip(SYNCED_ACCOUNT)  # Active Directory took it over, and enables it
    # Whoever linked it as restored has agreed to it.
    agreed_before = account.disabled_by_us or (account.origin == "restored" and account.enabled_for is None)
    if not agreed_before and not agreed(ctx, user):
        return ask(ctx, [user], NEEDS_APPROVAL_RESTORE)
    await ctx.about_to_write(ENABLED)
    await ctx.s.directory.enable_user(user.id)
    account.disabled_by_us = False
    note_enabled(ctx)
    ctx.changed(replace(user, account_enabled=True))
    return Done("enabled")


def _came_back(case: Case) -> bool:
    return case.rehired_at is not None or (case.account is not None and case.account.origin == "restored")
