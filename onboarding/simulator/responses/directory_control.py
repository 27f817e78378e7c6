"""The control interface over groups and licences: what exists before a test begins."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import ControlError, GraphError
from onboarding.simulator.models.groups import Group
from onboarding.simulator.models.licences import Plan, Sku
from onboarding.simulator.models.people import ROLES
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.group_values import check, values
from onboarding.simulator.responses.licences import sku_json
from onboarding.simulator.responses.members import by_id

_AGE = timedelta(days=400)
_GROUP = {
    "id",
    "displayName",
    "description",
    "mailNickname",
    "isAssignableToRole",
    "membershipRule",
    "members",
    "roles",
}
_SKU = {"skuId", "skuPartNumber", "enabled", "status", "appliesTo", "servicePlans"}
_STATES = ("Enabled", "Warning", "Suspended", "LockedOut", "Deleted")
_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def _object(body: Any, known: set[str], what: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ControlError(f"{what}: the body is a JSON object")
    if unknown := sorted(set(body) - known):
        raise ControlError(f"{what}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")
    return body


def put_group(tenant: Tenant, entry: dict[str, Any]) -> Group:
    """The group with this id, or a new one, 400 days old, with the properties given."""
    entry = _object(entry, _GROUP, "groups")
    key = str(entry.get("id") or tenant.ids.guid()).lower()
    given = {
        name: value
        for name, value in entry.items()
        if name not in ("id", "members", "membershipRule", "roles")
    }
    try:
        check(given)
    except GraphError as exc:
        raise ControlError(f"groups: {exc.message}") from exc
    group = tenant.groups.get(key)
    assignable = given.get("isAssignableToRole", group.assignable if group else None)
    roles = _roles(entry.get("roles", group.roles if group else []), bool(assignable))
    if group is None:
        created = tenant.now() - _AGE
        group = Group(key, {"displayName": "Group", **given}, created, created)
        tenant.groups.add(group)
    group.properties.update(given)
    group.roles = roles
    if "membershipRule" in entry:
        group.properties.update(_dynamic(entry["membershipRule"]))
    return group


def _dynamic(rule: Any) -> dict[str, Any]:
    """The properties of a group with a rule. Nobody works the rule out: its members are those given."""
    if rule is not None and not isinstance(rule, str):
        raise ControlError("groups: membershipRule is a text, or null")
    return {
        "membershipRule": rule,
        "groupTypes": ["DynamicMembership"] if rule else [],
        "membershipRuleProcessingState": "On" if rule else None,
    }


def _roles(names: Any, assignable: bool) -> list[str]:
    """Only role-assignable groups hold roles ("Use Microsoft Entra groups to manage role assignments")."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ControlError("groups: roles is a list of names and template ids")
    if unknown := [name for name in names if name not in ROLES and not _GUID.fullmatch(name)]:
        raise ControlError(
            f"groups: unknown role {unknown[0]!r}; known: {', '.join(ROLES)}, or a template id"
        )
    if names and not assignable:
        raise ControlError("groups: only a group with isAssignableToRole true holds roles")
    return list(dict.fromkeys(names))


def post_group(tenant: Tenant, call: Call) -> Answer:
    """{"displayName", "isAssignableToRole", "membershipRule", "members": [ids or UPNs of users, ids of groups],
    "roles": [names or template ids] …}: made, or changed where the id exists. `members` replaces all members, `roles`
    all roles."""
    body = _object(call.body, _GROUP, "groups")
    names = body.get("members", [])
    if not isinstance(names, list):
        raise ControlError("groups: members is a list of ids and user principal names")
    found = [tenant.people.get(str(name)) or tenant.groups.get(str(name)) for name in names]
    if None in found:
        raise ControlError(f"groups: there is no {names[found.index(None)]!r}")
    known = tenant.groups.get(str(body.get("id", ""))) is not None
    group = put_group(tenant, body)
    if "members" in body:
        _replace(tenant, group, [member for member in found if member is not None])
    return Answer(200 if known else 201, _group(group))


def _replace(tenant: Tenant, group: Group, found: list[Any]) -> None:
    for member in [by_id(tenant, key) for key in list(group.members)]:
        if member is not None:
            tenant.groups.leave(group, member)
    for member in found:
        if member is group:
            raise ControlError("groups: a group is no member of itself")
        tenant.groups.join(group, member, group.created)


def _group(group: Group) -> dict[str, Any]:
    return {**values(group), "members": list(group.members), "owners": group.owners, "roles": group.roles}


def list_groups(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, {"items": [_group(group) for group in tenant.groups]})


def list_skus(tenant: Tenant, call: Call) -> Answer:
    return Answer(200, {"items": [sku_json(tenant, sku) for sku in tenant.skus.values()]})


def put_sku(tenant: Tenant, call: Call) -> Answer:
    """{"skuId", "skuPartNumber", "enabled": units, "status", "appliesTo", "servicePlans": [{"servicePlanId",
    "servicePlanName", "appliesTo"}]}: bought, or changed where the skuId exists."""
    body = _object(call.body, _SKU, "skus")
    key = str(body.get("skuId", "")).lower()
    if not _GUID.fullmatch(key):
        raise ControlError("skus: skuId is a GUID")
    sku = tenant.skus.get(key) or Sku(key, "SKU", 0, ())
    enabled, status = body.get("enabled", sku.enabled), body.get("status", sku.status)
    if not isinstance(enabled, int) or isinstance(enabled, bool) or enabled < 0:
        raise ControlError("skus: enabled is a number of units")
    if status not in _STATES or body.get("appliesTo", sku.applies_to) not in ("User", "Company"):
        raise ControlError(f"skus: status is one of {', '.join(_STATES)}, appliesTo is User or Company")
    plans = tuple(_plan(entry) for entry in body["servicePlans"]) if "servicePlans" in body else sku.plans
    sku.enabled, sku.status, sku.plans = enabled, status, plans
    sku.part_number = str(body.get("skuPartNumber", sku.part_number))
    sku.applies_to = body.get("appliesTo", sku.applies_to)
    is_new = key not in tenant.skus
    tenant.skus[key] = sku
    return Answer(201 if is_new else 200, sku_json(tenant, sku))


def _plan(entry: Any) -> Plan:
    entry = _object(
        entry, {"servicePlanId", "servicePlanName", "appliesTo", "provisioningStatus"}, "skus: servicePlans"
    )
    key = str(entry.get("servicePlanId", "")).lower()
    if not _GUID.fullmatch(key):
        raise ControlError("skus: servicePlanId is a GUID")
    return Plan(key, str(entry.get("servicePlanName", "PLAN")), str(entry.get("appliesTo", "User")))


def list_subscriptions(tenant: Tenant, call: Call) -> Answer:
    """Everything ever asked for, ended or not; nothing is delivered."""
    return Answer(200, {"items": [{"id": made.id, **made.given} for made in tenant.subscriptions.values()]})
