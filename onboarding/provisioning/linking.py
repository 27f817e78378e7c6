"""Linking an account to a case: one account, one case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from onboarding.domain import run
from onboarding.domain.account import DISABLED, Account, AccountIntent
from onboarding.domain.case import ABOUT_ACCOUNT, NOT_THIS, PURGED, TENANT, Alias, AliasKind, Case
from onboarding.domain.phone import phonebook
from onboarding.ports import CLAIM_LEASE, REPLICATION, DirectoryUser
from onboarding.provisioning.step import Block, Context, Done, Outcome, Wait

ANOTHER_CASE = "account_of_another_case"
NEEDS_APPROVAL = "needs_approval_adopt"
#: The same of one that would take the place of the account that the case has.
NEEDS_APPROVAL_INSTEAD = "needs_approval_instead"
#: Words that are about the accounts that were found, and used up when that is decided.
_WORDS = ABOUT_ACCOUNT | {PURGED}


async def link(
    ctx: Context, user: DirectoryUser, origin: str, intent: AccountIntent | None, *, closed: bool = False
) -> Outcome:
    """File the object id first (so that evidence finds the case), then write the account on the case. What an approver
    said about it is used up. `closed`: we disabled it."""
    case = ctx.case
    instead = case.account is not None and case.account.id != user.id
    if instead and (left := await _pass_left(ctx)) is not None:
        return left
    owner = await ctx.s.cases.claim_alias(object_alias(user), case.case_id)
    if owner != case.case_id:
        return await _ask_whose(ctx, user, owner)
    return await take(ctx, user, origin, intent, closed=closed)


async def take(
    ctx: Context, user: DirectoryUser, origin: str, intent: AccountIntent | None, *, closed: bool = False
) -> Done:
    """`link`, once the object id is filed for this case."""
    case = ctx.case
    if intent is None or user.user_principal_name.lower() != intent.user_principal_name.lower():
        # Linked under the name it has: the reserved one is free again.
        await ctx.s.cases.claim_alias(upn_alias(user.user_principal_name), case.case_id)
        if intent is not None:
            await ctx.s.cases.release_alias(upn_alias(intent.user_principal_name), case.case_id)
    instead = case.account is not None and case.account.id != user.id
    known = run.replace_account(case, ctx.now) if instead else {}
    case.account = Account(
        id=user.id,
        user_principal_name=user.user_principal_name,
        mark=_mark(user, origin, intent),
        created_at=user.created_at or (intent.at if intent else ctx.now),
        origin=origin,
        synced=bool(user.synced),
        disabled_by_us=closed or (origin == "created" and user.account_enabled is False),
        restored_at=ctx.now if intent and intent.restores else None,
        instead_since=ctx.now if instead else None,
        written={DISABLED: ctx.now} if closed else {},
    )
    with_phone = intent is not None and intent.with_phone and origin == "created"
    case.intent = None
    settled(case)
    if not ctx.s.settings.prepopulate_phone:
        phonebook.forget_numbers(
            case, ctx.s.settings.hash_key.reveal()
        )  # else the step that uses them does it
    await ctx.save("account_linked", origin=origin, object_id=user.id, **known)
    # `domain.confirmation` reads from the detail whether the directory holds a phone.
    return Done(f"{origin}_with_mobile_phone" if with_phone else origin)


async def _pass_left(ctx: Context) -> Wait | None:
    """A pass of the account that is left is made void first (`provisioning.recall`): nobody would know of it any more,
    and whoever enabled that account by hand would open it to whoever has the mail. None: nobody can use one."""
    case, record = ctx.case, ctx.case.access_pass
    if record is None or case.account is None or not case.pass_at_large(ctx.now):
        return None
    if case.account.seen_deleted or await ctx.s.directory.get_user(case.account.id) is None:
        return None  # the tenant would answer each try to make it void with 404
    due = record.call_back(ctx.now, CLAIM_LEASE)
    return Wait(max(due.when, ctx.now), "pass_called_back")


def _mark(user: DirectoryUser, origin: str, intent: AccountIntent | None) -> str:
    """What the account carries in employeeId; one that was there before us may carry nothing."""
    carried = user.employee_id or ""
    return carried if intent is None or (origin == "created" and carried) else intent.mark


async def of_another_case(ctx: Context, user: DirectoryUser) -> Block | None:
    """Asked before anybody is asked for a yes, and before anything is restored: the account is another case's, so that
    no yes could link it. None: it is nobody's, or ours."""
    alias = object_alias(user)
    owner = (await ctx.s.cases.owners([alias])).get(alias, ctx.case.case_id)
    return None if owner == ctx.case.case_id else await _ask_whose(ctx, user, owner)


async def _ask_whose(ctx: Context, user: DirectoryUser, owner: str) -> Block:
    await ctx.save("account_of_another_case", other=owner, object_id=user.id)
    return ask(ctx, [user], ANOTHER_CASE)


def ask(ctx: Context, found: Sequence[DirectoryUser], reason: str) -> Block:
    """Somebody decides; the names are kept on the case, for whoever has to look the account up, and the ids, so that
    the answer is about these accounts. Earlier words about others count no more."""
    case, asked = ctx.case, reason in ABOUT_ACCOUNT
    found = sorted(found, key=lambda user: user.user_principal_name)
    names = ", ".join(user.user_principal_name for user in found)
    if asked or names != case.found_account:
        case.take_back(_WORDS)
    case.found_account, case.found_ids = names, [user.id for user in found]
    case.found_at = ctx.now if asked else None
    return Block(reason)


def settled(case: Case) -> None:
    """Whose the found account is has been decided."""
    case.found_account = case.found_at = None
    case.found_ids = []
    case.take_back(_WORDS)


def is_anothers(case: Case, user: DirectoryUser) -> bool:
    """An approver said that the account is another person's."""
    return case.is_said(NOT_THIS, user.id)


def said_yes(case: Case, user: DirectoryUser, code: str) -> bool:
    """An approver's word about this very account. One that names none is older: it is about the one on the case."""
    if f"{code}:{user.id}" in case.approvals:
        return True
    return code in case.approvals and case.found_account == user.user_principal_name


def hidden_until(account: Account) -> datetime:
    """Until then 404 does not say that the account is gone: it was made, or restored (by whomever), so lately that it
    may not have replicated."""
    return max(filter(None, (account.created_at, account.restored_at, account.doubted_at))) + REPLICATION


def object_alias(user: DirectoryUser) -> Alias:
    """An account as it is filed."""
    return Alias(TENANT, AliasKind.OBJECT_ID, user.id)


def upn_alias(upn: str) -> Alias:
    """A user principal name as it is filed."""
    return Alias(TENANT, AliasKind.UPN, upn.lower())
