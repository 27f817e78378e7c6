"""The guards of the first credential, each of which must hold (design: first credential).

A pass is a takeover path. It is for an account that we created, that is nobody's who came back, that is near its start
date, enabled, without any sign of use and not protected (`safeguards.protection`: no role, no role-assignable
group); one that this service itself enabled a moment ago may not look so yet, and is waited for. It goes to the manager
only if the creating event named them (or a read of the HR system, or an approver's word stands for it), they are the
one who was found for whom HR names now, and their own enabled account is older than that delivery and not protected;
else to the service desk; never to an address from the payload. Once HR names another manager it is called back
(`provisioning.recall`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from onboarding.domain import calendar, run
from onboarding.domain.account import ENABLED
from onboarding.domain.nudges import working_time_of
from onboarding.errors import NotYetVisible
from onboarding.ports import AccessPass, DirectoryUser
from onboarding.provisioning.step import Block, Context, Outcome, Skip, Wait
from onboarding.provisioning.steps import prepopulate_phone
from onboarding.safeguards import protection

NEEDS_APPROVAL = "needs_approval_pass"
NEEDS_APPROVAL_MANAGER = "needs_approval_manager"
DISABLED = "account_disabled"
#: An approver had a new pass issued, and what held it back lasted longer than their word.
LAPSED = "identity_check_lapsed"
#: What is done for somebody who has signed in already.
IN_USE = Skip("already_in_use")
#: How long an approver's word counts that somebody's identity was checked.
PROOF_LASTS = timedelta(hours=24)


def proofed(ctx: Context) -> bool:
    """An approver confirmed who the person is, for one new pass: the account may have been in use by now."""
    at = ctx.case.identity_proofed_at
    return at is not None and ctx.now < at + PROOF_LASTS


def unless_promised(ctx: Context, outcome: Outcome) -> Outcome:
    """Whoever waits for a pass that an approver asked for does not go without one unnoticed."""
    promised = ctx.case.identity_proofed_at is not None
    return Block(LAPSED) if promised and outcome == IN_USE else outcome


def too_early(ctx: Context) -> Wait | None:
    """Not before the working day before the start date, and only in working time."""
    start = ctx.hire.start_date
    if start is None:
        return None
    time = working_time_of(ctx.case, ctx.s.policy)
    day = calendar.working_day_before(start, time)
    opens = calendar.at_local(day, time.start, time.zone)
    if proofed(ctx) and ctx.now >= opens:
        return None  # somebody stands at the desk, whatever the hour
    moment = calendar.next_working_moment(max(ctx.now, opens), time)
    if ctx.now >= moment:
        return None
    return Wait(moment, "pass_near_start") if ctx.now < opens else Wait(moment, "working_time", put_off=True)


async def standing(ctx: Context) -> Outcome | list[AccessPass]:
    """The passes that are there, if another may be issued."""
    account, start = ctx.account, ctx.hire.start_date
    late = ctx.s.policy.first_credential.latest_days_after_start
    user = await ctx.writable(thorough=True)
    if isinstance(user, Block):
        return user
    if user.account_enabled is False:
        if account.may_lag(ENABLED, ctx.now):
            raise NotYetVisible("The account does not look enabled yet; waiting for replication.")
        return Block(DISABLED)
    found = await unused(ctx)
    if found is None:
        return IN_USE
    if not _approved(ctx) and (
        account.origin != "created"
        or ctx.case.rehired_at is not None
        or start is None
        or (ctx.now.date() - start).days > late
    ):
        return Block(NEEDS_APPROVAL)
    return found


async def unused(ctx: Context) -> list[AccessPass] | None:
    """The passes that are there; None: there is a sign of use, and no approver's word that covers it.

    Raises NotYetVisible.
    """
    if await _is_registered(ctx) and not proofed(ctx):
        return None
    found = await ctx.s.security.passes(ctx.account.id)
    return None if _was_used(ctx, found) and not _approved(ctx) else found


async def is_in_use(ctx: Context) -> bool:
    """There is a sign of use, whatever an approver has said about another pass. Raises NotYetVisible."""
    return await _is_registered(ctx) or _was_used(ctx, await ctx.s.security.passes(ctx.account.id))


async def _is_registered(ctx: Context) -> bool:
    """Somebody has added a method to the account, beside a pass and the number that this service added."""
    registered = await ctx.s.security.registration_of(ctx.account.id, ctx.now)
    if not registered.present:
        raise NotYetVisible("The account's methods cannot be read yet; waiting for replication.")
    others = set(registered.methods) - {"temporaryAccessPass"}
    return bool(others) and not (
        others == {prepopulate_phone.METHOD} and await prepopulate_phone.is_ours(ctx)
    )


def _was_used(ctx: Context, passes: Iterable[AccessPass]) -> bool:
    """One that was used in an employment before is no sign of this one."""
    return any(item.reason == "OneTimeUsed" and run.counts(ctx.case, item.usable_from) for item in passes)


def _approved(ctx: Context) -> bool:
    return proofed(ctx) or NEEDS_APPROVAL in ctx.case.approvals


async def recipient(ctx: Context) -> tuple[str, str] | Block:
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
    """The manager whom HR named, if their own enabled account is older than that delivery, and a person's: no guest's,
    and nobody's whose mailbox many read (listed, shared, room, service)."""
    named_at, manager_id = ctx.case.manager_named_at, ctx.account.manager_id
    if ctx.s.settings.first_credential != "access_pass_to_manager" or not (manager_id and named_at):
        return None
    if ctx.account.synced:
        return None  # read from Active Directory: not the one whom that delivery named
    if ctx.hire.manager is None or not ctx.hire.manager.within(ctx.account.manager_named):
        return None  # found for somebody else's name, or before that was noted
    manager = await ctx.s.directory.get_user(manager_id)
    if manager is None or not manager.account_enabled or manager.user_type not in {None, "Member"}:
        return None
    if protection.shown(ctx.s, manager) is not None:
        return None
    older = manager.created_at is not None and manager.created_at < named_at
    return manager if older and (manager.mail or manager.user_principal_name) else None
