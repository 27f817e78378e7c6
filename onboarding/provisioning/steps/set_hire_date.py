"""Outcome: the first day that HR names is in Entra as employeeHireDate, for whatever there acts on it.

The account is made with it, so most people have no such step. Those have one whose first day HR moved since the account
was begun (`intake.hire_date`), and those whose account was there before: of the employment before, or made by IT. It is
HR's date and HR's word is newer than what stands there, so what differs is written over; synced accounts have theirs
from Active Directory. Look, and write the difference; after a write of our own, as long as a read may not show it, what
is wanted is written whatever is read (`Account.may_lag`).
"""

from __future__ import annotations

from dataclasses import replace

from onboarding.domain.account import HIRE_DATE
from onboarding.domain.case import Case
from onboarding.ports import Services
from onboarding.provisioning.new_user import hire_date
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step

_NAME = "set_hire_date"
#: Origins of accounts that were not made with this first day.
_BEFORE_US = frozenset({"adopted", "restored"})


def _applies(_s: Services, case: Case) -> bool:
    there_before = case.account is not None and case.account.origin in _BEFORE_US
    other_day = there_before or case.rehired_at is not None or _NAME in case.steps
    return case.hire.start_date is not None and other_day


STEP = Step(
    _NAME,
    "The first day is in Entra",
    after=("create_account",),
    permissions=(
        "User.ReadWrite.All",
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
    wanted = hire_date(ctx)
    in_doubt = ctx.account.may_lag(HIRE_DATE, ctx.now)
    if wanted is not None and (in_doubt or user.employee_hire_date != wanted):
        await ctx.about_to_write(HIRE_DATE)
        await ctx.s.directory.set_hire_date(user.id, wanted)
        ctx.changed(replace(user, employee_hire_date=wanted))
    return Done()
