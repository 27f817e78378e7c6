"""Outcome: the person has been told, once, that the account exists and what happens on the first day.

Once for a hire and an account, also when the case runs through its steps again for a new pass. The message holds no
credential. It goes to the person's own address from HR, else to the new mailbox, in their working time.
"""

from __future__ import annotations

import re

from onboarding.domain import calendar
from onboarding.domain.account import PassStatus
from onboarding.domain.evidence import Status
from onboarding.domain.nudges import EMPLOYMENT_ENDED, has_left, working_time_of
from onboarding.domain.records import RungStatus
from onboarding.domain.run import counts
from onboarding.ports import CLAIM_LEASE
from onboarding.provisioning.step import Context, Done, Outcome, Retries, Skip, Step, Wait

STEP = Step(
    "send_welcome",
    "The person has been welcomed",
    after=("wait_for_mailbox",),
    retry=Retries.FIRST_DAY,
    permissions=("Mail.Send", "Mail.ReadWrite"),
    after_end=True,
)
RUNG = "welcome"
#: What can stand in a mail header as it is. One mistyped address must not stop the whole first day.
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]{1,255}")


async def run(ctx: Context) -> Outcome:
    """Deliver by the at-most-once algorithm; a claim held elsewhere is waited for."""
    case, s = ctx.case, ctx.s
    if case.status is Status.USER_REGISTERED and RUNG not in {r.rung for r in case.rungs.values()}:
        return Skip("already_registered")  # whoever has signed in and registered needs no word of it
    if case.confirmed_at is not None and not _welcomed(ctx, {case.episode}):
        return Skip("already_registered")
    if _welcomed(ctx, set(range(case.episode))):
        return Skip("welcomed_before")
    if has_left(case, s.policy, ctx.now):
        return Skip(EMPLOYMENT_ENDED)
    moment = calendar.next_working_moment(ctx.now, working_time_of(case, s.policy))
    if ctx.now < moment:
        return Wait(moment, "working_time", put_off=True)
    own = (ctx.hire.personal_email or "").strip()
    if not _ADDRESS.fullmatch(own):
        if ctx.account.mailbox is False:
            return Skip("no_address")
        own = ctx.account.user_principal_name
    mail = s.messages.compose(RUNG, case, (own,), now=ctx.now, facts={"first_credential": _route(ctx)})
    record = await s.messages.deliver(s, case, RUNG, "person", mail, ctx.now)
    if record.status in {RungStatus.CLAIMED, RungStatus.DRAFTED}:
        return Wait(record.claimed_at + CLAIM_LEASE, "message_in_doubt", put_off=True)
    return Done(str(record.status))


def _welcomed(ctx: Context, episodes: set[int]) -> bool:
    """Of this hire and this account a welcome went out, or may have, in one of these episodes."""
    sent = {RungStatus.SENT, RungStatus.UNCERTAIN, RungStatus.CLAIMED, RungStatus.DRAFTED}
    return any(
        record.rung == RUNG
        and record.episode in episodes
        and record.status in sent
        and counts(ctx.case, record.claimed_at)
        for record in ctx.case.rungs.values()
    )


def _route(ctx: Context) -> str:
    """`manager` or `desk`: where the person gets the first credential. Without one: `existing` for an account that was
    there before us, whose password the person may know, else `none`."""
    issued = ctx.case.access_pass
    if issued and issued.status is PassStatus.DELIVERED:
        return issued.recipient
    return "none" if ctx.account.origin == "created" else "existing"
