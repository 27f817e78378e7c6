"""The groups and directory roles that a user or a group is in, directly or through other groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.directory_query import Query, Row, fragment, listed
from onboarding.simulator.models.groups import Group, above
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import group_access
from onboarding.simulator.responses.directory_roles import ROLE_SET, Role
from onboarding.simulator.responses.group_values import DEFAULT_SET, GROUPS, values
from onboarding.simulator.responses.members import paged, tagged_group
from onboarding.simulator.responses.users import must_see


def _member(tenant: Tenant, call: Call) -> Person | Group:
    return must_see(tenant, call) if "/users" in call.path.lower() else group_access.must_see(tenant, call)


def _listed(tenant: Tenant, call: Call, *, transitive: bool) -> Answer:
    names = call.selected(GROUPS.selectable | set(ROLE_SET), ())
    member = _member(tenant, call)
    held = above(member, tenant.now(), transitive=transitive)
    roles = [*member.roles, *(role for group in held if transitive for role in group.roles)]
    found: list[Group | Role] = [*held, *(Role.of(tenant, role) for role in dict.fromkeys(roles))]

    def render(entry: Group | Role) -> dict[str, Any]:
        if isinstance(entry, Role):
            return {"@odata.type": "#microsoft.graph.directoryRole", **entry.shown(names or ROLE_SET)}
        return tagged_group(entry, names or DEFAULT_SET)

    return paged(call, found, names, render)


def list_direct(tenant: Tenant, call: Call) -> Answer:
    return _listed(tenant, call, transitive=False)


def list_transitive(tenant: Tenant, call: Call) -> Answer:
    return _listed(tenant, call, transitive=True)


def _groups_only(tenant: Tenant, call: Call, *, transitive: bool) -> Answer:
    """The OData cast is an advanced query: `$count=true` and `ConsistencyLevel: eventual`."""
    query = Query.of(call, GROUPS, advanced_only=True)
    held = above(_member(tenant, call), tenant.now(), transitive=transitive)

    def rows() -> Iterator[Row]:
        for position, group in enumerate(held):
            yield position, values(group)

    return listed(call, GROUPS, query, rows(), fragment(call, "groups", query.names))


def list_direct_groups(tenant: Tenant, call: Call) -> Answer:
    return _groups_only(tenant, call, transitive=False)


def list_transitive_groups(tenant: Tenant, call: Call) -> Answer:
    return _groups_only(tenant, call, transitive=True)
