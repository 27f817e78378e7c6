"""Groups: created, listed, read, changed and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.directory_query import Query, Row, counted, fragment, listed
from onboarding.simulator.errors import bad_request, not_modelled
from onboarding.simulator.models.groups import Group
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import members
from onboarding.simulator.responses.group_access import may_assign_roles, may_change, must_see
from onboarding.simulator.responses.group_values import DEFAULT_SET, GROUPS, check, check_new, values

_BIND = {"members@odata.bind", "owners@odata.bind"}
#: Set once, at creation (group resource type, isAssignableToRole).
_FIXED = ("isAssignableToRole", "groupTypes", "mailEnabled")


def create_group(tenant: Tenant, call: Call) -> Answer:
    body = call.json_object()
    plain = {name: value for name, value in body.items() if name not in _BIND}
    check_new(plain)
    if plain.get("isAssignableToRole"):
        may_assign_roles(tenant)
    if sum(len(body[name]) for name in _BIND & set(body) if isinstance(body[name], list)) > members.MOST:
        raise bad_request(f"A maximum of {members.MOST} relationships can be added with the group.")
    joining = members.bound(tenant, call, body.get("members@odata.bind", []))
    owners = members.bound(tenant, call, body.get("owners@odata.bind", []))
    now = tenant.now()
    lag = timedelta(seconds=max(call.lag, tenant.policy.replication_lag_seconds))
    kept = {name: value for name, value in plain.items() if not name.startswith("@odata.")}
    group = Group(tenant.ids.guid(), kept, now, now + lag, owners=[owner.id for owner in owners])
    tenant.groups.add(group)
    for member in joining:
        tenant.groups.join(group, member, now)
    found = GROUPS.shown(values(group), DEFAULT_SET)
    return Answer(201, {"@odata.context": call.context("groups/$entity"), **found})


def get_group(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(GROUPS.selectable, DEFAULT_SET)
    group = must_see(tenant, call)
    context = fragment(call, "groups", names) + "/$entity"
    return Answer(200, {"@odata.context": call.context(context), **GROUPS.shown(values(group), names)})


def rows(tenant: Tenant, call: Call) -> Iterator[Row]:
    """Live groups as reads see them; advanced queries see those older than the index lag."""
    lag = max(call.lag, tenant.policy.index_lag_seconds) if call.eventual else call.lag
    for position, group in enumerate(tenant.groups.in_order):
        if group.id in tenant.groups.by_id and tenant.replicated(group, lag):
            yield position, values(group)


def list_groups(tenant: Tenant, call: Call) -> Answer:
    query = Query.of(call, GROUPS)
    return listed(call, GROUPS, query, rows(tenant, call), fragment(call, "groups", query.names))


def count_groups(tenant: Tenant, call: Call) -> Answer:
    return counted(call, GROUPS, rows(tenant, call))


def update_group(tenant: Tenant, call: Call) -> Answer:
    """Properties, or up to 20 new members: all or none (group-post-members)."""
    body = call.json_object()
    group = must_see(tenant, call)
    plain: dict[str, Any] = {name: value for name, value in body.items() if name != "members@odata.bind"}
    check(plain)
    if fixed := next((name for name in _FIXED if name in plain), None):
        raise not_modelled(f"a change of '{fixed}'")
    if "displayName" in plain and plain["displayName"] is None:
        raise bad_request("A value is required for property 'displayName' of resource 'Group'.")
    joining = []
    if "members@odata.bind" in body:
        may_change(tenant, group)
        joining = members.newcomers(tenant, call, group, body["members@odata.bind"])
    group.properties.update({k: v for k, v in plain.items() if not k.startswith("@odata.")})
    for member in joining:
        members.join(tenant, group, member)
    return Answer(204)


def delete_group(tenant: Tenant, call: Call) -> Answer:
    """A security group is gone at once (directory-deleteditems-list)."""
    group = must_see(tenant, call)
    may_change(tenant, group)
    held = [members.by_id(tenant, key) for key in group.members]
    tenant.groups.delete(group, [member for member in held if member is not None])
    return Answer(204)
