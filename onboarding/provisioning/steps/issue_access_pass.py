"""Outcome: the person's first credential, a one-time Temporary Access Pass, is with somebody who may hand it over.

A pass is a takeover path, so every guard must hold (design: first credential): an account that we created, near
its start date, without any sign of use, without roles. It goes to the manager only if the creating event named
them and their enabled account is older than that delivery; otherwise to the service desk; never to an address
from the payload. The pass lives in memory between two calls and in one mail. In doubt (a crash after the claim)
it is voided, judged and issued anew and sent again, so that one usable pass exists at most.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from onboarding.domain import calendar
from onboarding.domain.case import NextAction, PassRecord, PassStatus, Status
from onboarding.domain.nudges import working_time_of
from onboarding.errors import DeployerError, NotYetVisible, OperatorError, RetryLater, StoreConflict
from onboarding.ports import CLAIM_LEASE, DirectoryUser, PassLimits
from onboarding.provisioning.step import Block, Context, Done, Outcome, Retries, Skip, Step, Wait

STEP = Step(
    "issue_access_pass",
    "The first credential is with the manager or the service desk",
    after=("set_manager",),
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
)
NEEDS_APPROVAL = "needs_approval_pass"
NEEDS_APPROVAL_MANAGER = "needs_approval_manager"
#: methodUsabilityReason of passes that nobody can use again; the first is also a sign of use, so it is kept.
_SPENT = frozenset({"OneTimeUsed", "Expired"})


async def run(ctx: Context) -> Outcome:
    """Settle doubt, judge time and guards, then issue and hand over."""
    record = ctx.case.access_pass
    if record and record.status is PassStatus.DELIVERED:
        return Done(record.recipient)
    if record and record.status in {PassStatus.INTENDED, PassStatus.CREATED}:
        held_until = record.claimed_at + CLAIM_LEASE
        if ctx.now < held_until:
            return Wait(held_until, "pass_in_doubt")
        await _void(ctx, record)
    if ctx.s.settings.first_credential == "none":
        return Skip("company_own_way")
    if ctx.case.status is Status.USER_REGISTERED:
        return Skip("already_in_use")
    if early := _too_early(ctx):
        return early
    if refusal := await _guard(ctx):
        return refusal
    limits = await ctx.s.security.pass_limits()
    if not limits.enabled:
        return Block("access_pass_policy")
    to = await _recipient(ctx)
    if isinstance(to, Block):
        return to
    return await _issue(ctx, limits, *to)


async def _void(ctx: Context, record: PassRecord) -> None:
    """End the doubt before anything is judged: whatever the guards say now, no stray pass stays usable."""
    await _void_all(ctx)
    record.status = PassStatus.VOID
    await ctx.save("pass_voided")


async def _void_all(ctx: Context) -> None:
    for old in await ctx.s.security.passes(ctx.account.id):
        if old.reason not in _SPENT:
            await ctx.s.security.void_pass(ctx.account.id, old.id)


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
    late = ctx.s.policy.first_credential.latest_days_after_start
    approved = NEEDS_APPROVAL in ctx.case.approvals
    if await ctx.s.directory.has_privileges(account.id):
        return Block("pass_refused_privileged")
    registered = await ctx.s.security.registration_of(account.id, ctx.now)
    if not registered.present:
        raise NotYetVisible("The account's methods cannot be read yet; waiting for replication.")
    if [name for name in registered.methods if name != "temporaryAccessPass"]:
        return Skip("already_in_use")
    if any(item.reason == "OneTimeUsed" for item in await ctx.s.security.passes(account.id)):
        return Skip("already_in_use") if not approved else None
    if not approved and (
        account.origin != "created" or start is None or (ctx.now.date() - start).days > late
    ):
        return Block(NEEDS_APPROVAL)
    return None


async def _recipient(ctx: Context) -> tuple[str, str] | Block:
    """(`manager` or `desk`, address), or why nobody may get it."""
    settings = ctx.s.settings
    approved = NEEDS_APPROVAL_MANAGER in ctx.case.approvals
    manager = await _safe_manager(ctx)
    if manager and (approved or not ctx.case.manager_changed):
        return "manager", manager.mail or manager.user_principal_name
    if settings.service_desk:
        return "desk", settings.service_desk
    return Block(NEEDS_APPROVAL_MANAGER if manager else "no_credential_route")


async def _safe_manager(ctx: Context) -> DirectoryUser | None:
    """The manager whom HR named, if their own enabled account is older than that delivery, and no guest's."""
    named_at, manager_id = ctx.case.manager_named_at, ctx.account.manager_id
    if ctx.s.settings.first_credential != "access_pass_to_manager" or not (manager_id and named_at):
        return None
    manager = await ctx.s.directory.get_user(manager_id)
    if manager is None or not manager.account_enabled or manager.user_type not in {None, "Member"}:
        return None
    older = manager.created_at is not None and manager.created_at < named_at
    return manager if older and (manager.mail or manager.user_principal_name) else None


async def _issue(ctx: Context, limits: PassLimits, recipient: str, address: str) -> Outcome:
    """Claim → void what is there → create → send → delivered. Each write precedes what it guards."""
    case = ctx.case
    usable_from, minutes = _window(ctx, limits)
    until = usable_from + timedelta(minutes=minutes)
    claimed = PassRecord(PassStatus.INTENDED, ctx.now, recipient, usable_from=usable_from, usable_until=until)
    case.access_pass = claimed
    # Until the lease ends nobody else touches the case, unless an operator or HR wants something now.
    case.next_action = NextAction(STEP.name, ctx.now + CLAIM_LEASE, "in_progress")
    await ctx.save("pass_intended", recipient=recipient)
    try:
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
    await ctx.save("pass_delivered", recipient=recipient)
    return Done(recipient)


async def _hand_over(ctx: Context, claimed: PassRecord, minutes: int, address: str) -> None:
    """The pass, from its creation to the mail. The only place where it is held."""
    case, s = ctx.case, ctx.s
    usable_from, until = claimed.usable_from or ctx.now, claimed.usable_until or ctx.now
    await _void_all(ctx)
    issued = await s.security.create_pass(ctx.account.id, usable_from, minutes)
    claimed.status, claimed.pass_id = PassStatus.CREATED, issued.id
    await ctx.save("pass_created", recipient=claimed.recipient)
    facts = {
        "access_pass": issued.secret,
        "usable_from": usable_from.isoformat(),
        "usable_until": until.isoformat(),
    }
    mail = s.messages.compose(f"access_pass_{claimed.recipient}", case, (address,), now=ctx.now, facts=facts)
    await s.mailer.send_now(mail, save=False)


def _window(ctx: Context, limits: PassLimits) -> tuple[datetime, int]:
    """From the first morning (or now, if that has passed), as long as policy and tenant both allow."""
    policy = ctx.s.policy.first_credential
    minutes = min(max(policy.lifetime_minutes, limits.minimum_minutes), limits.maximum_minutes)
    start = ctx.hire.start_date
    if start is None:
        return ctx.now, minutes
    zone = working_time_of(ctx.case, ctx.s.policy).zone
    return max(ctx.now, calendar.at_local(start, policy.usable_from, zone)), minutes
