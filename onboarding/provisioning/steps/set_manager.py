"""Outcome: the account's manager in Entra is the person whom HR named, if that person can be found for sure.

A manager who cannot be found, or is ambiguous, is data and not an outage: the step is skipped with the reason,
escalations go to the service desk, and the pass does too. Whom HR replaces is nobody's manager here from that moment on
(`intake.merging`); in Entra the link to one whom HR took away without a successor stays.
"""

from __future__ import annotations

from onboarding.domain.case import Alias, AliasKind
from onboarding.ports import DirectoryUser
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step

STEP = Step(
    "set_manager",
    "The manager is set in Entra",
    after=("create_account",),
    permissions=(
        "User.ReadWrite.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    after_end=True,
)


async def run(ctx: Context) -> Outcome:
    """Find by address, then by HR's id (our own cases, then employeeId); PUT the reference; read nothing back."""
    if ctx.account.synced:
        return await _read(ctx)
    ref, account = ctx.hire.manager, ctx.account
    account.manager_id = account.manager_named = None
    if not ref:
        return Skip("no_manager_named")
    found = await _find(ctx, ref.email, ref.id)
    people = [user for user in found if user.account_enabled is not False and user.id != account.id]
    if len(people) != 1:
        return Skip("manager_ambiguous" if people else "manager_not_found")
    user = await ctx.writable()
    if isinstance(user, Block):
        return user
    await ctx.s.directory.set_manager(user.id, people[0].id)
    account.manager_id, account.manager_named = people[0].id, ref
    return Done()


async def _read(ctx: Context) -> Outcome:
    """Active Directory decides; who it is has to be known for escalations."""
    manager = await ctx.s.directory.get_manager(ctx.account.id)
    ctx.account.manager_id = manager.id if manager else None
    return Skip("synced_account")


async def _find(ctx: Context, address: str | None, hr_id: str | None) -> list[DirectoryUser]:
    if address:
        found = await ctx.s.directory.find_by_address(address)
        if found or not hr_id:
            return found
    if not hr_id:
        return []
    aliases = [
        Alias(ctx.case.source, kind, hr_id) for kind in (AliasKind.EMPLOYEE_ID, AliasKind.EMPLOYEE_NUMBER)
    ]
    ours = []
    for owner in sorted(set((await ctx.s.cases.owners(aliases)).values())):
        case = await ctx.s.cases.get(owner)
        if case and case.account and (user := await ctx.s.directory.get_user(case.account.id)):
            ours.append(user)
    return ours or await ctx.s.directory.find_by_employee_id(hr_id)
