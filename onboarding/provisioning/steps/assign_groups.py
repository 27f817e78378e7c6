"""Outcome: the account is in the groups that the policy names for this person, the one of SSPR's scope among them.

Look at the memberships, add what is missing, remember what was added: a group that an administrator took away again is
not given a second time in the same run; whoever is hired again gets what the policy gives. Refused, after everything
else was given: groups that can open a directory role, groups with a membership rule (Entra decides about those), groups
from Active Directory, and groups that are gone.
"""

from __future__ import annotations

from collections.abc import Iterable

from onboarding.domain import people_policy
from onboarding.domain.case import Case
from onboarding.ports import GroupFacts, Services
from onboarding.provisioning.step import Block, Context, Done, Outcome, Skip, Step

MISSING = "group_missing"
ROLE_ASSIGNABLE = "group_role_assignable"
DYNAMIC = "group_dynamic"
SYNCED = "group_synced"


def _applies(s: Services, case: Case) -> bool:
    return bool(people_policy.groups_for(s.policy.groups, case))


STEP = Step(
    "assign_groups",
    "The account is in the groups of the policy",
    after=("create_account",),
    permissions=(
        "GroupMember.ReadWrite.All",
        "GroupMember.Read.All",
        "User.Read.All",
        "RoleManagement.Read.Directory",
        "Directory.Read.All",
    ),
    applies=_applies,
)


async def run(ctx: Context) -> Outcome:
    """Add what is missing, then say what could not be added."""
    user = await ctx.editable()
    if isinstance(user, Block | Skip):
        return user
    wanted = people_policy.groups_for(ctx.s.policy.groups, ctx.case)
    facts = {item.id: item for item in await ctx.s.directory.groups(wanted)}
    refused = {group: reason for group in wanted if (reason := refusal(facts.get(group)))}
    added = await _add(ctx, user.id, [group for group in wanted if group not in refused])
    if refused:
        return Block(next(iter(refused.values())))
    return Done(added)


def refusal(group: GroupFacts | None) -> str | None:
    """Why nobody is put into this group; None: members may be."""
    if group is None:
        return MISSING
    if group.role_assignable:
        return ROLE_ASSIGNABLE
    if group.dynamic:
        return DYNAMIC
    return SYNCED if group.synced else None


async def _add(ctx: Context, user_id: str, groups: Iterable[str]) -> str:
    """What was done, as a code. A fresh account is in no group; whoever cannot be sure of that looks."""
    held = frozenset() if ctx.made else await ctx.s.directory.memberships(user_id)
    given, left_out = ctx.account.groups, False
    for group in groups:
        if group in given:
            left_out = left_out or group not in held
            continue
        if group not in held:
            await ctx.s.directory.add_to_group(group, user_id)
        given.append(group)
    return "left_out_what_an_administrator_took_away" if left_out else "in_all_groups"
