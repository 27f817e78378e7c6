"""Outcome: HR's mobile number is an authentication method of the account, added by this service.

Off by default (`ONBOARDING_PREPOPULATE_PHONE`), and not advised: it can suppress Entra's own prompt to register, and
the person is `admin_registered` until they register themselves. See docs/prepopulate-phone.md. Only a number that is
certainly a mobile one, only for an account that was made for this hire, and only while it has no method at all; the
raw numbers leave the case here.
"""

from __future__ import annotations

from onboarding.domain.case import Case
from onboarding.domain.phone import phonebook
from onboarding.errors import NotYetVisible
from onboarding.ports import Services
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
    user = await ctx.writable()
    if isinstance(user, Block):
        return user
    registered = await ctx.s.security.registration_of(user.id, ctx.now)
    if not registered.present:
        raise NotYetVisible("The account's methods cannot be read yet; waiting for replication.")
    if ctx.account.phone_added and METHOD in registered.methods:
        return Done("added")
    if [name for name in registered.methods if name != "temporaryAccessPass"]:
        return Skip("already_in_use")
    if not ctx.account.phone_added:
        ctx.account.phone_added = True
        await ctx.save("phone_method_intended")
    await ctx.s.security.add_phone(user.id, number)
    return Done("added")
