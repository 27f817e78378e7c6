"""Which group a request means, and whether the app may change who is in it."""

from __future__ import annotations

from onboarding.simulator.call import Call
from onboarding.simulator.errors import bad_request, denied, resource_not_found
from onboarding.simulator.models.groups import Group
from onboarding.simulator.models.tenant import Tenant

#: The permission for role-assignable groups.
ROLE_MANAGER = "RoleManagement.ReadWrite.Directory"


def must_see(tenant: Tenant, call: Call) -> Group:
    """The group that the path names, or 404 while replication has not brought it here."""
    group = tenant.groups.get(call.params["id"])
    if group is None or not tenant.replicated(group, call.lag):
        raise resource_not_found(call.params["id"])
    return group


def may_assign_roles(tenant: Tenant) -> None:
    """403 unless the app may manage roles: GroupMember.ReadWrite.All alone is not enough for role-assignable
    groups (group-post-members)."""
    if ROLE_MANAGER not in tenant.policy.app_roles:
        raise denied()


def may_change(tenant: Tenant, group: Group) -> None:
    """403 for a role-assignable group, unless the app may manage roles."""
    if group.assignable:
        may_assign_roles(tenant)


def may_choose(group: Group) -> None:
    """400 for a group whose members a rule decides about."""
    if "DynamicMembership" in (group.properties.get("groupTypes") or ()):
        raise bad_request("Members of a group with a membership rule cannot be added or removed.")
