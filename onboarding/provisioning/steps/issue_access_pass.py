"""Outcome: the person's first credential, a one-time Temporary Access Pass, is with somebody who may hand it over.

A pass is a takeover path, so every guard must hold (design: first credential): an account that we created, near
its start date, without any sign of use, without roles. It goes to the manager only if the creating event named
them and their enabled account is older than that delivery; otherwise to the service desk; never to an address
from the payload. The pass lives in memory between two calls and in one mail. In doubt (a crash after the claim)
it is voided, issued anew and sent again, so that one usable pass exists at most.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from onboarding.domain import calendar
from onboarding.domain.case import PassRecord, PassStatus
from onboarding.domain.nudges import working_time_of
from onboarding.errors import RetryLater, StoreConflict
from onboarding.ports import CLAIM_LEASE, PassLimits
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step, Wait

STEP = Step("issue_access_pass", 40, "The first credential is with the manager or the service desk")
NEEDS_APPROVAL = "needs_approval_pass"


async def run(ctx: Context) -> Outcome:
    """Judge time and guards, then issue and hand over."""
    if ctx.s.settings.first_credential == "none":
        return Skip("company_own_way")
    record = ctx.case.access_pass
    if record and record.status is PassStatus.DELIVERED:
        return Done(record.recipient)
    if early := _too_early(ctx):
        return early
    if record and record.status in {PassStatus.INTENDED, PassStatus.CREATED}:
        held_until = record.claimed_at + CLAIM_LEASE
        if ctx.now < held_until:
            return Wait(held_until, "pass_in_doubt")
    if refusal := await _guard(ctx):
        return refusal
    limits = await ctx.s.security.pass_limits()
    if not limits.enabled:
        return Block("access_pass_policy")
    to = await _recipient(ctx)
    if to is None:
        return Block("no_credential_route")
    return await _issue(ctx, limits, *to)


def _too_early(ctx: Context) -> Wait | None:
    """Not before the working day before the start date, and only in working time."""
    start = ctx.hire.start_date
    if start is None:
        return None
    time = working_time_of(ctx.case, ctx.s.policy)
    day = calendar.working_day_before(start, time)
    moment = calendar.next_working_moment(max(ctx.now, calendar.at_local(day, time.start, time.zone)), time)
    return Wait(moment, "pass_near_start") if ctx.now < moment else None


async def _guard(ctx: Context) -> Outcome | None:
    """None: a pass may be issued."""
    account, start = ctx.account, ctx.hire.start_date
    late = timedelta(days=ctx.s.policy.first_credential.latest_days_after_start)
    approved = NEEDS_APPROVAL in ctx.case.approvals
    if await ctx.s.directory.has_privileges(account.id):
        return Block("pass_refused_privileged")
    registered = await ctx.s.security.registration_of(account.id, ctx.now)
    if [name for name in registered.methods if name != "temporaryAccessPass"]:
        return Skip("already_in_use")
    if any(item.reason == "OneTimeUsed" for item in await ctx.s.security.passes(account.id)):
        return Skip("already_in_use") if not approved else None
    if not approved and (account.origin != "created" or start is None or ctx.now.date() > start + late):
        return Block(NEEDS_APPROVAL)
    return None


async def _recipient(ctx: Context) -> tuple[str, str] | None:
    """(`manager` or `desk`, address), or None when nobody may get it."""
    case, settings = ctx.case, ctx.s.settings
    if settings.first_credential == "access_pass_to_manager" and ctx.account.manager_id:
        manager = await ctx.s.directory.get_user(ctx.account.manager_id)
        named_at = case.manager_named_at
        known = (
            not case.manager_changed and named_at is not None
        ) or "needs_approval_manager" in case.approvals
        if manager and known and manager.account_enabled and manager.created_at:
            older = named_at is None or manager.created_at < named_at
            if older and (address := manager.mail or manager.user_principal_name):
                return "manager", address
    return ("desk", settings.service_desk) if settings.service_desk else None


async def _issue(ctx: Context, limits: PassLimits, recipient: str, address: str) -> Outcome:
    """Claim → void what is there → create → send → delivered. Each write precedes what it guards."""
    case, s = ctx.case, ctx.s
    usable_from, minutes = _window(ctx, limits)
    until = usable_from + timedelta(minutes=minutes)
    case.access_pass = PassRecord(
        PassStatus.INTENDED, ctx.now, recipient, usable_from=usable_from, usable_until=until
    )
    await ctx.save("pass_intended", recipient=recipient)
    try:
        for old in await s.security.passes(ctx.account.id):
            await s.security.void_pass(ctx.account.id, old.id)
        issued = await s.security.create_pass(ctx.account.id, usable_from, minutes)
        case.access_pass.status, case.access_pass.pass_id = PassStatus.CREATED, issued.id
        await ctx.save("pass_created", recipient=recipient)
        facts = {
            "access_pass": issued.secret,
            "usable_from": usable_from.isoformat(),
            "usable_until": until.isoformat(),
        }
        mail = s.messages.compose(f"access_pass_{recipient}", case, (address,), now=ctx.now, facts=facts)
        await s.mailer.send_now(mail, save=False)
    except StoreConflict:
        raise
    except RetryLater:
        # We know that we stopped: give the claim back, so that the next try need not wait for the lease.
        case.access_pass.claimed_at = ctx.now - CLAIM_LEASE
        raise
    case.access_pass = replace(case.access_pass, status=PassStatus.DELIVERED, delivered_at=ctx.now)
    await ctx.save("pass_delivered", recipient=recipient)
    return Done(recipient)


def _window(ctx: Context, limits: PassLimits) -> tuple[datetime, int]:
    """From the first morning (or now, if that has passed), as long as policy and tenant both allow."""
    policy = ctx.s.policy.first_credential
    minutes = min(max(policy.lifetime_minutes, limits.minimum_minutes), limits.maximum_minutes)
    start = ctx.hire.start_date
    if start is None:
        return ctx.now, minutes
    zone = working_time_of(ctx.case, ctx.s.policy).zone
    return max(ctx.now, calendar.at_local(start, policy.usable_from, zone)), minutes
