"""People whose account comes from Active Directory: it is waited for, with HR's number in employeeId, and linked.

Nothing is created for them, and nothing restored: an account that Active Directory deleted comes back with it, as the
same one or as another one. One that is disabled is waited for, too, until it is enabled or another one has the
number: it may be a leaver's whose number HR gave again. An account that is another person's, on an approver's word,
is not waited for.

Numbers are mistyped, and given again: an approver is asked before somebody is linked to an account that was there for
years before HR spoke of them (`LONG_BEFORE`) and shows nothing of their name. Neither alone is a sign: Active Directory
is often first, names are spelled in many ways, and a workforce that HR announces as a whole has old accounts. A known
weakness: a colleague's account that is younger is linked, unless the colleague has a case here. When HR corrects the
number, a rerun from `create_account` asks whether the account that carries the corrected one is the person's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from onboarding.domain import calendar, names
from onboarding.domain.account import OWN_ORIGINS, Account
from onboarding.domain.nudges import working_time_of
from onboarding.ports import DirectoryUser
from onboarding.provisioning.linking import (
    NEEDS_APPROVAL,
    NEEDS_APPROVAL_INSTEAD,
    ask,
    is_anothers,
    link,
    of_another_case,
    said_yes,
)
from onboarding.provisioning.step import Block, Context, Outcome, Wait
from onboarding.provisioning.steps import reserve_username
from onboarding.safeguards import protection

#: Closes the account that is left, or says why not.
Leave = Callable[[], Awaitable[Wait | Block | None]]
NO_NUMBER = "sync_needs_number"
NOT_SYNCED = "sync_did_not_come"
#: Until the start date a synced account is looked for this often; from then on every hour.
SYNC_LOOK, SYNC_LOOK_LATE = timedelta(hours=4), timedelta(hours=1)
#: An account that is older than HR's first word of the person by so much was not made for this hire. One that is
#: younger may have been made ahead, for an earlier contract, or when the directory was moved.
LONG_BEFORE = timedelta(days=730)


async def await_sync(ctx: Context) -> Outcome:
    """Nothing is created: the account comes from Active Directory, with HR's number in employeeId."""
    number = reserve_username.hr_mark(ctx.hire)
    if number is None:
        return Block(NO_NUMBER)
    seen = await ctx.s.directory.find_by_employee_id(number)
    found = [user for user in seen if not is_anothers(ctx.case, user) and not _was_made_here(ctx, user)]
    if len(found) > 1:
        return ask(ctx, found, NEEDS_APPROVAL)
    if not found:
        return until_synced(ctx)
    if reason := await protection.refusal(ctx.s, found[0]):
        return ask(ctx, found, reason)
    user, agreed = found[0], said_yes(ctx.case, found[0], NEEDS_APPROVAL)
    if user.synced and user.account_enabled is False and not agreed:
        return until_synced(ctx)
    if user.synced and (agreed or not _may_be_anothers(ctx, user)):
        return await link(ctx, user, "synced", ctx.case.intent)
    if anothers := await of_another_case(ctx, user):
        return anothers
    if agreed:
        return await link(ctx, user, "adopted", ctx.case.intent)
    return ask(ctx, found, NEEDS_APPROVAL)


def _may_be_anothers(ctx: Context, user: DirectoryUser) -> bool:
    """Somebody else's of whom HR wrote the number down: made years before HR spoke of this person, and of another name.
    The account that the case has, or had, is theirs."""
    case = ctx.case
    if case.account is not None and case.account.id == user.id:
        return False
    first = min(filter(None, (case.created_at, case.hired_at)))
    if user.created_at is None or user.created_at >= first - LONG_BEFORE:
        return False
    shown = (user.display_name, user.user_principal_name.partition("@")[0])
    hire = ctx.hire
    person, country = reserve_username.person_name(hire), reserve_username.where(hire)
    return names.nothing_shared(person, shown, locale=hire.locale, country=country)


async def with_corrected_number(ctx: Context, linked: DirectoryUser) -> Outcome | None:
    """HR corrected the number by which the account was found, and another account carries that one: an approver says
    whether it is the person's. None: the account stays."""
    number = reserve_username.hr_mark(ctx.hire)
    if ctx.account.origin != "synced" or number is None or linked.employee_id == number:
        return None
    return await _ask_about_others(ctx, linked.id, number, synced=True)


async def instead_of(ctx: Context, account: Account, leave: Leave) -> Outcome | None:
    """HR said that the account comes from Active Directory, and takes that back: whether the person has another one by
    now, which carries HR's number, is for an approver. None: there is no other one, or it is somebody else's. `leave`
    closes the case's own before another takes its place, or says why not."""
    numbers = dict.fromkeys(filter(None, (reserve_username.hr_mark(ctx.hire), account.mark)))
    return await _ask_about_others(ctx, account.id, *numbers, leave=leave)


async def _ask_about_others(
    ctx: Context, own: str, *numbers: str, synced: bool = False, leave: Leave | None = None
) -> Outcome | None:
    """Whether an account beside the case's `own` one that has one of the numbers is the person's, and to be linked.
    `synced`: asked of those of Active Directory alone."""
    seen = {user.id: user for number in numbers for user in await ctx.s.directory.find_by_employee_id(number)}
    found = [
        user
        for user in seen.values()
        if user.id != own and not is_anothers(ctx.case, user) and (user.synced or not synced)
    ]
    if not found:
        return None
    if len(found) > 1:
        return ask(ctx, found, NEEDS_APPROVAL_INSTEAD)
    if reason := await protection.refusal(ctx.s, found[0]):
        return ask(ctx, found, reason)
    if anothers := await of_another_case(ctx, found[0]):
        return anothers
    if said_yes(ctx.case, found[0], NEEDS_APPROVAL_INSTEAD):
        if leave is not None and (stopped := await leave()) is not None:
            return stopped
        return await link(ctx, found[0], "synced" if found[0].synced else "adopted", None)
    return ask(ctx, found, NEEDS_APPROVAL_INSTEAD)


def _was_made_here(ctx: Context, user: DirectoryUser) -> bool:
    """The account that this service made before HR said where it comes from, as long as the sync has not joined it."""
    account = ctx.case.account
    return account is not None and account.id == user.id and account.origin in OWN_ORIGINS and not user.synced


def until_synced(ctx: Context, found: Sequence[DirectoryUser] = ()) -> Outcome:
    """Wait for Active Directory, or say that it did not come: only a read can tell. `found`: what it deleted, which may
    be another person's after all."""
    start = ctx.hire.start_date
    if start is None:
        return Wait(ctx.now + SYNC_LOOK, "waiting_for_sync")
    zone = working_time_of(ctx.case, ctx.s.policy).zone
    days = ctx.s.policy.people.sync_give_up_days_after_start
    if ctx.now >= calendar.local_midnight(calendar.moved(start, days), zone):
        return ask(ctx, found, NOT_SYNCED) if found else Block(NOT_SYNCED)
    return Wait(_next_look(ctx.now, calendar.local_midnight(start, zone)), "waiting_for_sync")


def _next_look(now: datetime, start: datetime) -> datetime:
    return now + (SYNC_LOOK_LATE if now >= start else SYNC_LOOK)
