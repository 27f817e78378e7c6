"""Accounts that were there before us: of HR or IT, or of somebody who comes back.

- A live, enabled account with HR's number is adopted on an approver's word; so is one that has the address at the
  company which HR knows already, and one without a number that has the user name and the display name that ours would
  have: IT was first.
- A disabled or deleted one is that of somebody who left: `account.rehire` says whether an approver is asked, or it is
  taken up again where the name is the same (numbers are used again, and for other people).
- An account that is another person's, on an approver's word, is left out for good; where it carries HR's number, ours
  carries a token. One that belongs to another case is asked about at once: no yes could link it.

One that Active Directory deleted is never restored here: that comes back with the sync (`provisioning.from_sync`).

A protected account (`safeguards.protection`) is refused, whatever anybody approved. A deleted one cannot be asked for
roles; Graph itself refuses to restore a role holder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from onboarding.domain import names, protected, run
from onboarding.domain.account import DISABLED, Account, AccountIntent
from onboarding.domain.case import PURGED, Case
from onboarding.errors import NotYetVisible
from onboarding.ports import REPLICATION, DirectoryUser, NameTaken
from onboarding.provisioning import from_sync, timing
from onboarding.provisioning.linking import NEEDS_APPROVAL as NEEDS_APPROVAL
from onboarding.provisioning.linking import (
    ask,
    hidden_until,
    is_anothers,
    link,
    object_alias,
    of_another_case,
    said_yes,
    settled,
)
from onboarding.provisioning.step import Block, Context, Done, Outcome
from onboarding.provisioning.steps import reserve_username
from onboarding.safeguards import protection

#: A disabled or deleted account with HR's number.
NEEDS_APPROVAL_RESTORE = "needs_approval_restore"
#: Asked by intake: the case itself had an account when HR hired the person again.
NEEDS_APPROVAL_REHIRE = "needs_approval_rehire"
#: An approver's words that somebody who comes back may have the account.
_WORDS = frozenset({NEEDS_APPROVAL_RESTORE, NEEDS_APPROVAL_REHIRE})
NAME_TAKEN = "restore_name_taken"
#: The step that all this is for.
CREATES = "create_account"


async def known(ctx: Context, intent: AccountIntent) -> Outcome | None:
    """Somebody with HR's number, or HR's address, who was there before us. None: nobody, or our own earlier try.

    A token that was made for this very account is looked for nowhere. Where only accounts of other people carry HR's
    number, the one that is made now carries a token.
    """
    case, numbers, of_others = ctx.case, marks(ctx.case, intent), set[str]()
    for number in numbers:
        found = await ctx.s.directory.find_by_employee_id(number)
        of_others |= {number for user in found if is_anothers(case, user)}
        if outcome := await _by_mark(ctx, [user for user in found if not is_anothers(case, user)], intent):
            return outcome
    if outcome := await _by_address(ctx, intent):
        return outcome
    for number in numbers:
        found = await ctx.s.directory.find_deleted(number)
        of_others |= {number for user in found if is_anothers(case, user)}
        if deleted := [user for user in found if not is_anothers(case, user)]:
            return await _take_back(ctx, deleted, intent)
    if numbers and (outcome := await _by_id(ctx, intent)):
        return outcome
    if intent.mark in of_others:
        case.number_of_another = intent.mark
        intent.former_marks.append(intent.mark)
        intent.mark = ctx.s.entropy.token(reserve_username.MARK_LENGTH)
        await ctx.save("number_left")
    return None


def marks(case: Case, intent: AccountIntent) -> list[str]:
    """What an account of this person may carry in `employeeId`, beside a token that was made for this very intent."""
    number = reserve_username.hr_mark(case.hire)
    return [mark for mark in dict.fromkeys((number, case.mark)) if mark and mark in {number, intent.mark}]


async def _by_id(ctx: Context, intent: AccountIntent) -> Outcome | None:
    """Somebody was asked about accounts that are found no more. Whoever restores one by hand before the answer makes it
    invisible for a while: it is neither among the deleted ones nor among the others."""
    case = ctx.case
    for object_id in case.found_ids:
        user = await ctx.s.directory.get_user(object_id)
        if user is not None and user.employee_id in marks(case, intent):
            return await take_up(ctx, user, intent)
        purged = case.is_said(PURGED, object_id)
        if user is None and not purged and case.found_at and ctx.now < case.found_at + REPLICATION:
            raise NotYetVisible("The account is not readable yet; waiting for replication.")
    return None


async def _by_mark(ctx: Context, found: Sequence[DirectoryUser], intent: AccountIntent) -> Outcome | None:
    """Ours goes before every other: two would be there already, and no approver can see which one this case made."""
    others = [user for user in found if not is_ours(user, intent)]
    if len(others) < len(found):
        if others:
            await ctx.save("another_account", object_id=", ".join(sorted(user.id for user in others)))
        return await link(ctx, next(user for user in found if user not in others), "created", intent)
    if len(others) > 1:
        return ask(ctx, others, NEEDS_APPROVAL)
    return await take_up(ctx, others[0], intent) if others else None


async def _by_address(ctx: Context, intent: AccountIntent) -> Outcome | None:
    """One request, and only where HR knows an address already. Our own account may have it: HR writes down what we
    made. A guest's account is not the one of somebody who works here."""
    if not ctx.hire.work_email:
        return None
    found = await ctx.s.directory.find_by_address(ctx.hire.work_email.strip(), aliases=True)
    others = [
        user
        for user in found
        if user.user_type != "Guest" and not is_ours(user, intent) and not is_anothers(ctx.case, user)
    ]
    if len(others) > 1:
        return ask(ctx, others, NEEDS_APPROVAL)
    return await take_up(ctx, others[0], intent, ask_anyway=True) if others else None


def is_ours(user: DirectoryUser, intent: AccountIntent) -> bool:
    """An earlier try of this intent made it (design: account, exactly once)."""
    named = user.user_principal_name.lower() == intent.user_principal_name.lower()
    made = user.created_at is not None and user.created_at >= intent.at
    return named and made and user.employee_id in {intent.mark, *intent.former_marks}


def has_address(ctx: Context, user: DirectoryUser) -> bool:
    """HR's address at the company is this account's."""
    address = (ctx.hire.work_email or "").strip().lower()
    return bool(address) and address in {user.user_principal_name.lower(), (user.mail or "").lower()}


async def is_made_by_hand(ctx: Context, user: DirectoryUser) -> bool:
    """IT may have made this account for the hire already: it has the display name that ours would have, and no number
    that says whose it is. One that may not be touched is nobody's who is hired."""
    if user.employee_id or not _same_name(ctx, user):
        return False
    return await protection.refusal(ctx.s, user) is None


async def take_up(
    ctx: Context, user: DirectoryUser, intent: AccountIntent, *, ask_anyway: bool = False
) -> Outcome:
    """A live account that is not ours. `ask_anyway`: whatever the policy says of people who come back."""
    if reason := await protection.refusal(ctx.s, user):
        return ask(ctx, [user], reason)
    if anothers := await of_another_case(ctx, user):
        return anothers
    if user.account_enabled is False and not ask_anyway:
        return (
            await link(ctx, user, "restored", intent)
            if agreed(ctx, user)
            else ask(ctx, [user], NEEDS_APPROVAL_RESTORE)
        )
    if said_yes(ctx.case, user, NEEDS_APPROVAL):
        return await link(ctx, user, "adopted", intent)
    return ask(ctx, [user], NEEDS_APPROVAL)


async def _take_back(ctx: Context, deleted: Sequence[DirectoryUser], intent: AccountIntent) -> Outcome:
    if len(deleted) == 1 and (anothers := await of_another_case(ctx, deleted[0])):
        return anothers
    if len(deleted) > 1 or not agreed(ctx, deleted[0]):
        return ask(ctx, deleted, NEEDS_APPROVAL_RESTORE)
    if reason := _refused(ctx, deleted[0]):
        return ask(ctx, deleted, reason)
    if deleted[0].synced:
        return from_sync.until_synced(ctx, deleted)  # then it is found among the others
    intent.restores = deleted[0].id
    # Shown while it is on its way: the tenant or a limit may hold it back.
    ctx.case.found_account = deleted[0].user_principal_name
    await ctx.save("restore_intended", object_id=deleted[0].id)
    return await finish_restore(ctx, intent)


async def finish_restore(ctx: Context, intent: AccountIntent) -> Outcome:
    """Restore the account that the intent names, or find that an earlier try did."""
    assert intent.restores is not None  # noqa: S101 (asked by the callers)
    try:
        user = await _restored(ctx, intent.restores)
    except NameTaken:
        intent.restores = None
        return Block(NAME_TAKEN)
    if reason := await protection.refusal(ctx.s, user):
        return ask(ctx, [user], reason)
    closed = user.account_enabled is not False and not user.synced and _is_early(ctx)
    if closed:
        await ctx.save("disable_intended", object_id=user.id)
        await ctx.s.directory.disable_user(user.id)
        user = replace(user, account_enabled=False)
    return await link(ctx, user, "restored", intent, closed=closed)


def _is_early(ctx: Context) -> bool:
    """An account that is made now is made disabled, and one that comes back waits as well."""
    return ctx.hire.start_date is not None and ctx.now < timing.opens_at(
        ctx.case, ctx.s.policy, timing.ENABLE
    )


async def _restored(ctx: Context, user_id: str) -> DirectoryUser:
    """Raises NameTaken, and NotYetVisible until the account can be read."""
    user = await ctx.s.directory.get_user(user_id)
    if user is None:
        await ctx.s.directory.restore_user(user_id)
        user = await ctx.s.directory.get_user(user_id)
    if user is None:
        raise NotYetVisible("The restored account is not readable yet; waiting for replication.")
    return user


async def come_back(ctx: Context) -> Outcome | None:
    """Somebody whose account of this very case is deleted, or there. None: it is gone for good, and another is made.

    Raises NotYetVisible while it may only be hidden: another one would be a second one.
    """
    account = ctx.account
    if (user := await ctx.s.directory.get_user(account.id)) is not None:
        if ctx.case.rehired_at is None and not account.seen_deleted:
            return await from_sync.with_corrected_number(ctx, user) or Done("already_linked")
        return await _is_back(ctx, user, "already_linked")
    deleted = await ctx.s.directory.get_deleted(account.id)
    if deleted is None:
        if account.seen_deleted:
            account.seen_deleted, account.doubted_at = False, ctx.now
        if ctx.now < missed_until(ctx.case, account, ctx.now) and not ctx.case.is_said(PURGED, account.id):
            raise NotYetVisible("The account is not readable yet; waiting for replication.")
        known = run.replace_account(ctx.case, ctx.now)
        ctx.case.mark, ctx.case.account = account.mark, None
        await ctx.save("account_gone", **known)
        return None
    account.seen_deleted = True
    ctx.case.take_back({PURGED})
    if account.synced or deleted.synced:
        return await from_sync.await_sync(ctx)
    if not agreed(ctx, deleted):
        return ask(ctx, [deleted], NEEDS_APPROVAL_RESTORE)
    if reason := _refused(ctx, deleted):
        return Block(reason)
    account.restored_at = ctx.now
    await ctx.save("restore_intended", object_id=deleted.id)
    try:
        user = await _restored(ctx, account.id)
    except NameTaken:
        return Block(NAME_TAKEN)
    return await _is_back(ctx, user, "restored")


def missed_until(case: Case, account: Account, now: datetime) -> datetime:
    """Until then an account that is nowhere to be found may only be out of sight. In a run that had it already somebody
    deleted it, and may have restored it a moment before this step first looked."""
    until = hidden_until(account)
    if case.rehired_at is not None:
        return until
    return max(until, (case.step(CREATES).first_failed_at or now) + REPLICATION)


def by_us(case: Case, account: Account) -> bool:
    """This run restored it."""
    return account.restored_at is not None and account.restored_at >= run.of(case, account)


async def _is_back(ctx: Context, user: DirectoryUser, how: str) -> Outcome:
    """The account is there. One that this run restored enabled waits for the lead time like every other."""
    account = ctx.account
    account.seen_deleted = False
    ctx.case.take_back({PURGED})
    opened = by_us(ctx.case, account) and user.account_enabled is not False
    if opened and not was_enabled(ctx) and _is_early(ctx):
        if isinstance(found := await ctx.writable(), Block):
            return found
        account.disabled_by_us, account.written[DISABLED] = True, ctx.now
        await ctx.save("disable_intended")
        await ctx.s.directory.disable_user(user.id)
    return Done(how)


async def was_ours(ctx: Context, user: DirectoryUser) -> bool:
    """This case was linked to the account before, whatever mark it carries by now."""
    alias = object_alias(user)
    return (await ctx.s.cases.owners([alias])).get(alias) == ctx.case.case_id


def agreed(ctx: Context, user: DirectoryUser) -> bool:
    """An approver said so, of this account; or the policy does, the name is the same, and this run has not enabled the
    account yet. That somebody may come back is a word about the account that they had."""
    own = ctx.case.account is not None and ctx.case.account.id == user.id
    if said_yes(ctx.case, user, NEEDS_APPROVAL_RESTORE) or (own and _WORDS & set(ctx.case.approvals)):
        return True
    if own and ctx.case.rehired_at is None:
        return False  # nobody came back: somebody deleted what this run had
    return not was_enabled(ctx) and ctx.s.policy.account.rehire == "restore" and _same_name(ctx, user)


def was_enabled(ctx: Context) -> bool:
    """This run has enabled the account, or found it so: it was somebody else who took it away again."""
    account = ctx.case.account
    return account is not None and account.enabled_for == run.of(ctx.case, account)


def note_enabled(ctx: Context) -> None:
    """The person who came back has the account, and the approver's word for it is used up. Written with the outcome."""
    ctx.account.enabled_for = run.of(ctx.case, ctx.account)
    ctx.case.take_back(_WORDS)
    settled(ctx.case)


def _same_name(ctx: Context, user: DirectoryUser) -> bool:
    person, hire = reserve_username.person_name(ctx.hire), ctx.hire
    try:
        ours = names.display_name(person, hire.locale, reserve_username.where(hire))
    except names.NameUnusable:
        return False
    return ours.casefold() == (user.display_name or "").strip().casefold()


def _refused(ctx: Context, user: DirectoryUser) -> str | None:
    """What a deleted user's own properties say; whether there is a mailbox says nothing while it is deleted."""
    settings = ctx.s.settings
    addresses = (settings.sender, settings.service_desk, settings.hr_contact)
    return protected.reason(user, ctx.s.policy, addresses, ours=True)
