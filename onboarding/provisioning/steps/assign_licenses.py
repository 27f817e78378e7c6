"""Outcome: the account holds the licences that the policy names for this person.

Only what is missing is assigned, all in one request, after usageLocation is there and a unit of each is free. Where it
is not there, HR knows the country by now, and the account was made or restored for this hire, it is written first.
Licences that a group brings (`by_group`) are not assigned. Without a free unit the case is blocked: somebody has to buy
one, or to free one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from onboarding.domain import people_policy
from onboarding.domain.account import OWN_ORIGINS
from onboarding.domain.case import Case
from onboarding.domain.places import place
from onboarding.errors import NotYetVisible, OperatorError
from onboarding.ports import DirectoryUser, Licence, Services
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step

NO_UNIT = "no_free_licence"
NOT_BOUGHT = "licence_not_bought"
NO_LOCATION = "no_usage_location"


def _applies(s: Services, case: Case) -> bool:
    return bool(people_policy.licences_for(s.policy.licences, case))


STEP = Step(
    "assign_licenses",
    "The account holds the licences of the policy",
    # Groups may bring licences: what they bring is not bought twice.
    after=("create_account", "assign_groups"),
    permissions=(
        "User.ReadWrite.All",
        "LicenseAssignment.ReadWrite.All",
        "LicenseAssignment.Read.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    applies=_applies,
)


async def run(ctx: Context) -> Outcome:
    """Look, check that there is something to give, give it."""
    if ctx.account.synced:
        return Skip("synced_account")
    wanted = [
        Licence(rule.sku.lower(), tuple(plan.lower() for plan in rule.disabled_plans))
        for rule in people_policy.licences_for(ctx.s.policy.licences, ctx.case)
        if not rule.by_group
    ]
    if not wanted:
        return Skip("by_group")
    user = await ctx.editable()
    if isinstance(user, Block | Skip):
        return user
    missing = [licence for licence in wanted if licence.sku not in (user.licences or ())]
    if not missing:
        return Done("already_licensed")
    if not user.usage_location and not await _locate(ctx, user):
        return Block(NO_LOCATION)
    if reason := await _lacking(ctx, missing):
        return Block(reason)
    try:
        await ctx.s.directory.assign_licenses(user.id, missing)
    except OperatorError as exc:
        if exc.code != NO_LOCATION:
            raise
        raise NotYetVisible(
            "The usage location is not known everywhere yet; waiting for replication."
        ) from exc
    return Done("assigned")


async def _locate(ctx: Context, user: DirectoryUser) -> bool:
    """Write the usage location that HR's country gives. False: HR names none, or it is not ours to write."""
    location = place.usage_location(ctx.hire)
    if location is None or ctx.account.origin not in OWN_ORIGINS:
        return False
    await ctx.s.directory.set_usage_location(user.id, location)
    ctx.changed(replace(user, usage_location=location))
    return True


async def _lacking(ctx: Context, missing: Sequence[Licence]) -> str | None:
    """Why the company cannot give these now; None: it can."""
    free = {units.sku: units.free for units in await ctx.s.directory.licence_units()}
    if any(licence.sku not in free for licence in missing):
        return NOT_BOUGHT
    return NO_UNIT if any(free[licence.sku] < 1 for licence in missing) else None
