"""Outcome: HR's mobile number is an authentication method of the account, added by this service.

Off by default (`ONBOARDING_PREPOPULATE_PHONE`), and not advised: it can suppress Entra's own prompt to register, and
the person is `admin_registered` until they register themselves. See docs/prepopulate-phone.md. Only a number that is
certainly a mobile one, only for an account that was made for this hire, and only while it has no method at all; the
raw numbers leave the case here. A number that is there counts as ours only by its last digits and by when it was made;
in doubt it is the person's, and a sign of use. What the tenant refused to add was never ours.
"""

from __future__ import annotations

from datetime import timedelta

from onboarding.domain.case import Case
from onboarding.domain.phone import phonebook
from onboarding.errors import DeployerError, NotYetVisible, OperatorError
from onboarding.ports import CLAIM_LEASE, Services, SignInMethod
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step


def _applies(s: Services, _case: Case) -> bool:
    return s.settings.prepopulate_phone


STEP = Step(
    "prepopulate_phone",
    "HR's mobile number is an authentication method",
    after=("create_account",),
    permissions=(
        "UserAuthMethod-Phone.ReadWrite.All",
        "UserAuthenticationMethod.Read.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    applies=_applies,
)
#: Name of the method in the report's vocabulary.
METHOD = "mobilePhone"
#: How far Graph's clock and ours may be apart.
_SKEW = timedelta(minutes=5)


async def run(ctx: Context) -> Outcome:
    """Add it once; forget the numbers whatever came of it."""
    outcome = await _add(ctx)
    if not isinstance(outcome, Block):
        phonebook.forget_numbers(ctx.case, ctx.s.settings.hash_key.reveal())
    return outcome


async def _add(ctx: Context) -> Outcome:
    if ctx.account.synced:
        return Skip("synced_account")
    if ctx.account.origin != "created" or ctx.case.rehired_at is not None:
        return Skip("not_made_for_this_hire")  # a number opens an account as a pass does
    number = phonebook.directory_number(ctx.hire)
    if number is None:
        return Skip("no_certain_mobile_number")
    user = await ctx.editable()
    if isinstance(user, Block | Skip):
        return user
    registered = await ctx.s.security.registration_of(user.id, ctx.now)
    if not registered.present:
        raise NotYetVisible("The account's methods cannot be read yet; waiting for replication.")
    account, others = ctx.account, {name for name in registered.methods if name != "temporaryAccessPass"}
    if METHOD in others and await is_ours(ctx):
        account.phone_there = True
        return Done("added")
    if METHOD in others:
        account.phone_added = False
    if others:
        return Skip("already_in_use")
    first = not account.phone_added
    if first:
        account.phone_added, account.phone_there = True, False
        account.phone_asked_at, account.phone_ends = ctx.now, number[-2:]
        await ctx.save("phone_method_intended")
    try:
        await ctx.s.security.add_phone(user.id, number)
    except (OperatorError, DeployerError):
        if first:
            account.phone_added = False  # refused: whatever is there later is the person's
        raise
    account.phone_there, account.phone_asked_at, account.phone_ends = True, ctx.now, number[-2:]
    return Done("added")


async def is_ours(ctx: Context) -> bool:
    """The mobile number among the account's methods is the one that this service added. In doubt it is not.

    createdDateTime says so where Graph fills it, which it need not; else that it was there when we looked
    right after, and the last two digits.
    """
    if not ctx.account.phone_added:
        return False
    found = await ctx.s.security.sign_in_methods(ctx.account.id) or ()
    mobile = [method for method in found if method.method == METHOD]
    return len(mobile) == 1 and _fits(ctx, mobile[0])


def _fits(ctx: Context, method: SignInMethod) -> bool:
    account, made = ctx.account, method.created_at
    asked = account.phone_asked_at
    if asked is None or account.phone_ends is None or not method.label.endswith(account.phone_ends):
        return False
    if made is None:
        return account.phone_there or ctx.now <= asked + 2 * CLAIM_LEASE
    return asked - _SKEW <= made <= asked + CLAIM_LEASE
