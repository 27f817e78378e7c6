"""Outcome: the account holds the licences that the policy names for this person.

Only what is missing is assigned, all in one request, after usageLocation is there and a unit of each is free. Licences
that a group brings (`by_group`) are not assigned. Without a free unit the case is blocked: somebody has to buy one, or
to free one.
"""

from __future__ import annotations

from collections.abc import Sequence

from onboarding.domain import people_policy
from onboarding.domain.case import Case
from onboarding.ports import Licence, Services
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
    user = await ctx.writable()
    if isinstance(user, Block):
        return user
    if not user.usage_location:
        return Block(NO_LOCATION)
    missing = [licence for licence in wanted if licence.sku not in (user.licences or ())]
    if not missing:
        return Done("already_licensed")
    if reason := await _lacking(ctx, missing):
        return Block(reason)
    await ctx.s.directory.assign_licenses(user.id, missing)
    return Done("assigned")


async def _lacking(ctx: Context, missing: Sequence[Licence]) -> str | None:
    """Why the company cannot give these now; None: it can."""
    free = {units.sku: units.free for units in await ctx.s.directory.licence_units()}
    if any(licence.sku not in free for licence in missing):
        return NOT_BOUGHT
    return NO_UNIT if any(free[licence.sku] < 1 for licence in missing) else None
