"""Outcome: HR's end date is in Entra as employeeLeaveDateTime, for whatever there acts on it.

Only with `account.leave_date` in the policy, since it needs permissions of its own, and only for people with an end
date (contractors), or for whom one was written. The moment is the end of the last day where the person works. Look,
note what is about to be written, write. A date that HR moves is written anew, and one that HR takes back, or that is
left of an earlier hire, is taken away; but only as far as this service wrote it: a date of somebody else stays. After a
write of our own, as long as a read may not show it, what is wanted is written whatever is read (`Account.may_lag`).
"""

from __future__ import annotations

from onboarding.domain.account import LEAVE_DATE
from onboarding.domain.case import Case
from onboarding.domain.nudges import leaves_at
from onboarding.ports import Services
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step

OTHERS = "leave_date_of_others"


def _applies(s: Services, case: Case) -> bool:
    wrote = case.account is not None and bool(case.account.leave_dates)
    return s.policy.account.leave_date and (case.hire.end_date is not None or wrote)


STEP = Step(
    "set_leave_date",
    "The end date is in Entra",
    after=("create_account",),
    permissions=(
        "User-LifeCycleInfo.ReadWrite.All",
        "User-LifeCycleInfo.Read.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    applies=_applies,
    after_end=True,
)


async def run(ctx: Context) -> Outcome:
    """Look, and write the difference."""
    user = await ctx.editable()
    if isinstance(user, Block | Skip):
        return user
    wanted, ours = leaves_at(ctx.case, ctx.s.policy), ctx.account.leave_dates
    there = None if ctx.made else await ctx.s.directory.get_leave_date(user.id)
    if there == wanted and not ctx.account.may_lag(LEAVE_DATE, ctx.now):
        return Done()
    if there is not None and there not in ours:
        return Skip(OTHERS)
    if wanted is None:
        await ctx.about_to_write(LEAVE_DATE)
        await ctx.s.directory.set_leave_date(user.id, None)
        return Done("cleared")
    first = wanted not in ours
    if first:
        ours.append(wanted)
    await ctx.about_to_write(LEAVE_DATE, "leave_date_intended" if first else None)
    await ctx.s.directory.set_leave_date(user.id, wanted)
    return Done()
