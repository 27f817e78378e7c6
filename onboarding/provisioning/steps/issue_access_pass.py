"""Outcome: the person's first credential, a one-time Temporary Access Pass, is with somebody who may hand it over.

A pass is a takeover path, so every guard must hold (design: first credential): an account that we created, near
its start date, without any sign of use, without roles. It goes to the manager only if the creating event named
them and their enabled account is older than that delivery; otherwise to the service desk; never to an address
from the payload. The pass lives in memory between two calls and in one mail. In doubt (a crash after the claim)
it is voided, by its id also where the tenant's list does not show it yet, judged and issued anew and sent again, so
that one usable pass exists at most. So is one for a first day that moved away before anybody used it
(`intake.first_day`): voided at once, issued anew near the new day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from onboarding.domain import calendar
from onboarding.domain.account import PassRecord, PassStatus
from onboarding.domain.evidence import Status
from onboarding.domain.nudges import EMPLOYMENT_ENDED, has_left, working_time_of
from onboarding.domain.pass_day import NONE, days_off, pass_day
from onboarding.domain.records import NextAction
from onboarding.errors import DeployerError, OperatorError, RetryLater, StoreConflict
from onboarding.ports import CLAIM_LEASE, AccessPass, PassLimits
from onboarding.provisioning import pass_guards
from onboarding.provisioning.step import Block, Context, Done, Outcome, Retries, Skip, Step, Wait
from onboarding.provisioning.steps import revoke_pass

STEP = Step(
    "issue_access_pass",
    "The first credential is with the manager or the service desk",
    # What a first sign-in needs is there before it, licences included: registering may depend on them.
    after=("assign_licenses", "enable_account", "prepopulate_phone", "set_leave_date", "set_manager"),
    retry=Retries.FIRST_DAY,
    permissions=(
        "UserAuthMethod-TAP.ReadWrite.All",
        "UserAuthMethod-TAP.Read.All",
        "UserAuthenticationMethod.Read.All",
        "Policy.Read.AuthenticationMethod",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
        "User.Read.All",
        "Mail.Send",
    ),
    after_end=True,
)
NEEDS_APPROVAL, NEEDS_APPROVAL_MANAGER = pass_guards.NEEDS_APPROVAL, pass_guards.NEEDS_APPROVAL_MANAGER


async def run(ctx: Context) -> Outcome:
    """Settle doubt, judge time and guards, then issue and hand over."""
    return pass_guards.unless_promised(ctx, await _go(ctx))


async def _go(ctx: Context) -> Outcome:
    record = ctx.case.access_pass
    if record and record.status is PassStatus.DELIVERED:
        return Done(record.recipient)
    if record and record.status in {PassStatus.INTENDED, PassStatus.CREATED}:
        held_until = record.claimed_at + CLAIM_LEASE
        if ctx.now < held_until:
            return Wait(held_until, "pass_in_doubt", put_off=True)
        await _void(ctx, record)
    if ctx.s.settings.first_credential == "none":
        return Skip("company_own_way")
    if ctx.case.status is Status.USER_REGISTERED and not pass_guards.proofed(ctx):
        return pass_guards.IN_USE
    if ctx.account.origin == "synced":
        return Skip("synced_account")  # the first password comes from Active Directory
    if has_left(ctx.case, ctx.s.policy, ctx.now):
        return Skip(EMPLOYMENT_ENDED)
    if early := pass_guards.too_early(ctx):
        # Whoever used an earlier one needs no other, and is followed up meanwhile.
        in_use = record is not None and await pass_guards.unused(ctx) is None
        return pass_guards.IN_USE if in_use else early
    standing = await pass_guards.standing(ctx)
    if not isinstance(standing, list):
        return standing
    limits = await ctx.s.security.pass_limits()
    if not limits.enabled:
        return Block("access_pass_policy")
    to = await pass_guards.recipient(ctx)
    if isinstance(to, Block):
        return to
    return await _issue(ctx, limits, standing, *to)


async def _void(ctx: Context, record: PassRecord) -> None:
    """End the doubt before anything is judged: whatever the guards say now, no stray pass stays usable."""
    await revoke_pass.void_unspent(ctx.s, ctx.account, record)
    record.status, record.recall = PassStatus.VOID, None
    await ctx.save("pass_voided")


async def _issue(
    ctx: Context, limits: PassLimits, standing: list[AccessPass], recipient: str, address: str
) -> Outcome:
    """Claim → void what is there → create → send → delivered. Each write precedes what it guards."""
    case = ctx.case
    usable_from, minutes = _window(ctx, limits)
    until = usable_from + timedelta(minutes=minutes)
    claimed = PassRecord(
        PassStatus.INTENDED,
        ctx.now,
        recipient,
        usable_from=usable_from,
        usable_until=until,
        days_off=_days_off(ctx),
        proofed_at=case.identity_proofed_at,
    )
    case.access_pass = claimed
    # Until the lease ends nobody else touches the case, unless an operator or HR wants something now.
    case.next_action = NextAction(STEP.name, ctx.now + CLAIM_LEASE, "in_progress")
    await ctx.save("pass_intended", recipient=recipient)
    try:
        for old in standing:
            if old.reason not in revoke_pass.SPENT:
                await ctx.s.security.void_pass(ctx.account.id, old.id)
        await _hand_over(ctx, claimed, minutes, address)
    except StoreConflict:
        raise
    except (RetryLater, OperatorError, DeployerError):
        # We know that we stopped: give the claim back, so that the next try need not wait for the lease.
        claimed.claimed_at = ctx.now - CLAIM_LEASE
        raise
    case.access_pass = replace(claimed, status=PassStatus.DELIVERED, delivered_at=ctx.now)
    # An approval is for one pass: the next one needs its own.
    case.approvals = [code for code in case.approvals if code not in {NEEDS_APPROVAL, NEEDS_APPROVAL_MANAGER}]
    case.identity_proofed_at = None
    await ctx.save("pass_delivered", recipient=recipient)
    return Done(recipient)


async def _hand_over(ctx: Context, claimed: PassRecord, minutes: int, address: str) -> None:
    """The pass, from its creation to the mail. The only place where it is held."""
    case, s = ctx.case, ctx.s
    usable_from, until = claimed.usable_from or ctx.now, claimed.usable_until or ctx.now
    issued = await s.security.create_pass(ctx.account.id, usable_from, minutes)
    claimed.status, claimed.pass_id = PassStatus.CREATED, issued.id
    await ctx.save("pass_created", recipient=claimed.recipient)
    facts = {
        "access_pass": issued.secret,
        "usable_from": usable_from.isoformat(),
        "usable_until": until.isoformat(),
    }
    if case.identity_proofed_at is not None:
        facts |= {"new_pass": "yes"}
    mail = s.messages.compose(f"access_pass_{claimed.recipient}", case, (address,), now=ctx.now, facts=facts)
    await s.mailer.send_now(mail, save=False)


def _window(ctx: Context, limits: PassLimits) -> tuple[datetime, int]:
    """From the morning of the first working day, or now if that has passed; as long as policy and tenant both allow."""
    policy = ctx.s.policy.first_credential
    minutes = min(max(policy.lifetime_minutes, limits.minimum_minutes), limits.maximum_minutes)
    day = pass_day(ctx.hire, _days_off(ctx))
    if day is None:
        return ctx.now, minutes
    zone = working_time_of(ctx.case, ctx.s.policy).zone
    return max(ctx.now, calendar.at_local(day, policy.usable_from, zone)), minutes


def _days_off(ctx: Context) -> str:
    """The days on which nobody begins. Whoever stands at the desk need not wait for a working day."""
    return NONE if pass_guards.proofed(ctx) else days_off(ctx.s.policy)
