"""Outcome: no pass of a hire that is over, withdrawn or excluded can be used.

The pass that the case knows is made void by its id, and beside it whatever the tenant lists: that list may be read from
a replica that lags. A pass that is gone is fine. While a worker may still be issuing one, it is looked for again once
the worker's claim is over. One that was used stays, as the sign of use that it is: whoever is included again gets no
other without being asked about. No guard stands before it: a credential is taken away, from whomever.
"""

from __future__ import annotations

from datetime import datetime

from onboarding.domain.account import Account, PassRecord, PassStatus
from onboarding.ports import CLAIM_LEASE, Services
from onboarding.provisioning.step import WITHDRAWAL, Context, Done, Outcome, Retries, Skip, Step, Wait

STEP = Step(
    "revoke_pass",
    "No first credential of a hire that is over can be used",
    retry=Retries.FIRST_DAY,
    permissions=("UserAuthMethod-TAP.ReadWrite.All", "UserAuthMethod-TAP.Read.All"),
    track=WITHDRAWAL,
)

USED = "OneTimeUsed"
#: methodUsabilityReason of passes that nobody can use again; the first is also a sign of use, so it is kept.
SPENT = frozenset({USED, "Expired"})


async def run(ctx: Context) -> Outcome:
    """Make void what there is."""
    record, account = ctx.case.access_pass, ctx.case.account
    if record is None or account is None:
        return Skip("no_pass")
    await void_unspent(ctx.s, account, record)
    issuing = record.status is PassStatus.INTENDED
    if issuing and ctx.now < (until := record.claimed_at + CLAIM_LEASE):
        return Wait(until, "pass_in_doubt")
    record.status, record.recall = PassStatus.VOID, None
    return Done("voided")


async def void_all(s: Services, account: Account, record: PassRecord) -> None:
    """Make void what is known, then what is listed."""
    known = record.pass_id
    if known is not None:
        await s.security.void_pass(account.id, known)
    for left in await s.security.passes(account.id):
        if left.id != known:
            await s.security.void_pass(account.id, left.id)


async def void_unspent(
    s: Services, account: Account, record: PassRecord, since: datetime | None = None
) -> bool:
    """Make void what is listed, and the pass that is known also where the list does not show it; one that is spent
    stays, for the sign of use that it is. True: one that could be used from `since` on was used."""
    listed = await s.security.passes(account.id)
    left = [item.id for item in listed if item.reason not in SPENT]
    if record.pass_id is not None and record.pass_id not in {item.id for item in listed}:
        left.append(record.pass_id)
    for pass_id in left:
        await s.security.void_pass(account.id, pass_id)
    return any(item.reason == USED and (since is None or item.usable_from >= since) for item in listed)
