"""Outcome: HR's end date is in Entra as employeeLeaveDateTime, for whatever there acts on it.

Only with `account.leave_date` in the policy, since it needs a permission of its own, and only for people with an end
date (contractors). The moment is the end of the last day where the person works. Reading it back needs yet another
permission, so it is written and not looked at: the same write twice is the same.
"""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.domain.nudges import leaves_at
from onboarding.ports import Services
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step


def _applies(s: Services, case: Case) -> bool:
    return s.policy.account.leave_date and case.hire.end_date is not None


STEP = Step(
    "set_leave_date",
    "The end date is in Entra",
    after=("create_account",),
    permissions=(
        "User-LifeCycleInfo.ReadWrite.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    applies=_applies,
    after_end=True,
)


async def run(ctx: Context) -> Outcome:
    """Write it."""
    if ctx.account.synced:
        return Skip("synced_account")
    user = await ctx.writable()
    if isinstance(user, Block):
        return user
    at = leaves_at(ctx.case, ctx.s.policy)
    if at is None:
        return Skip("no_end_date")
    await ctx.s.directory.set_leave_date(user.id, at)
    return Done()
