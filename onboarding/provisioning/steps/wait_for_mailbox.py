"""Outcome: it is known whether the person has a mailbox, and messages go where they can be read.

After licensing Exchange makes the mailbox within minutes (Microsoft's known issues: 404 for about 15) and writes its
address into `mail`; that is looked at, so that no permission for mailboxes is needed (inferred, not documented).
Nobody waits for long: at the end of the policy's wait, or when the first reminder is due to somebody who has a private
address, it goes on without, and messages go to the private address and to the manager. Only where the policy expects a
mailbox, or says that there is none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from onboarding.domain import nudges, people_policy
from onboarding.domain.case import Case
from onboarding.domain.nudges import working_time_of
from onboarding.domain.records import StepStatus
from onboarding.ports import Services
from onboarding.provisioning.step import Context, Done, Outcome, Skip, Step, Wait
from onboarding.provisioning.steps import assign_licenses

#: Between two looks.
LOOK = timedelta(minutes=5)


def _expected(s: Services, case: Case) -> bool | None:
    return people_policy.mailbox_expected(s.policy.mailbox, s.policy.licences, case)


STEP = Step(
    "wait_for_mailbox",
    "It is known whether there is a mailbox",
    # The first credential does not wait for it; a welcome to the new mailbox does.
    after=("assign_licenses", "issue_access_pass"),
    permissions=("User.Read.All",),
    applies=lambda s, case: _expected(s, case) is not None,
    after_end=True,
)


async def run(ctx: Context) -> Outcome:
    """Look; wait for a while; go on."""
    if not _expected(ctx.s, ctx.case):
        ctx.account.mailbox = False
        return Skip("no_mailbox_expected")
    user = await ctx.s.directory.get_user(ctx.account.id)
    if user is not None and user.mail:
        ctx.account.mailbox = True
        return Done("there")
    until = _gives_up_at(ctx)
    if ctx.now >= until:
        ctx.account.mailbox = False
        return Skip("mailbox_not_there_yet")
    return Wait(min(ctx.now + LOOK, until), "mailbox_not_there_yet")


def _gives_up_at(ctx: Context) -> datetime:
    """So long after the licence, or the account; not beyond the first reminder, where that can be read elsewhere."""
    licensed = ctx.case.steps.get(assign_licenses.STEP.name)
    since = licensed.at if licensed and licensed.status is StepStatus.DONE else None
    until = (since or ctx.account.created_at) + timedelta(minutes=ctx.s.policy.mailbox.wait_minutes)
    zero = nudges.day_zero(ctx.case, ctx.s.policy)
    if zero is None or not (ctx.hire.personal_email or "").strip():
        return until
    return min(until, nudges.planned_at(zero, working_time_of(ctx.case, ctx.s.policy)))
