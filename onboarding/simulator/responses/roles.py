"""Directory roles and who holds them: people, and role-assignable groups for their members.

Pages: directoryrole-list, directoryrole-get, directoryrole-list-members, rbacapplication-list-roleassignments.
"""

from __future__ import annotations

from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.directory_query import fragment
from onboarding.simulator.errors import not_modelled, resource_not_found
from onboarding.simulator.models.groups import Group
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.odata import parse_filter
from onboarding.simulator.responses import group_values as groups
from onboarding.simulator.responses import properties as rules
from onboarding.simulator.responses.directory_roles import ROLE_SET, Role
from onboarding.simulator.responses.members import tagged_group
from onboarding.simulator.responses.users import tagged

_GLOBAL_ADMINISTRATOR = "Global Administrator"


def _holders(tenant: Tenant) -> dict[str, list[Person | Group]]:
    """By role, people in the order of creation, then groups. A role is activated once somebody holds it; the global
    administrator always is (directoryRole)."""
    found: dict[str, list[Person | Group]] = {_GLOBAL_ADMINISTRATOR: []}
    people = (person for person in tenant.people.in_order if person.deleted_at is None)
    for holder in (*people, *tenant.groups):
        if holder.roles and tenant.replicated(holder):
            for role in holder.roles:
                found.setdefault(role, []).append(holder)
    return found


def list_roles(tenant: Tenant, call: Call) -> Answer:
    """Activated ones only; no options, no pages."""
    found = [Role.of(tenant, name).shown(ROLE_SET) for name in _holders(tenant)]
    return Answer(200, {"@odata.context": call.context("directoryRoles"), "value": found})


def _named(tenant: Tenant, call: Call) -> str:
    """By object id or by `roleTemplateId=…`; 404 for one that is not activated."""
    key = call.params["role_id"]
    name, is_key, value = key.partition("=")
    wanted = value.strip("'") if is_key and name.lower() == "roletemplateid" else key
    for held in _holders(tenant):
        role = Role.of(tenant, held)
        if wanted.lower() in (role.id, role.template.lower()):
            return held
    raise resource_not_found(key)


def get_role(tenant: Tenant, call: Call) -> Answer:
    context = {"@odata.context": call.context("directoryRoles/$entity")}
    return Answer(200, context | Role.of(tenant, _named(tenant, call)).shown(ROLE_SET))


def list_members(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(rules.READABLE | groups.GROUPS.selectable, ())
    found = [_member(tenant, holder, names) for holder in _holders(tenant)[_named(tenant, call)]]
    context = call.context(fragment(call, "directoryObjects", names))
    return Answer(200, {"@odata.context": context, "value": found})


def _member(tenant: Tenant, holder: Person | Group, names: tuple[str, ...]) -> dict[str, Any]:
    """With those of the selected properties that its type has."""
    if isinstance(holder, Group):
        own = [name for name in names if name in groups.GROUPS.selectable]
        return tagged_group(holder, own or groups.DEFAULT_SET)
    return tagged(tenant, holder, [name for name in names if name in rules.READABLE] or rules.DEFAULT_SET)


def list_assignments(tenant: Tenant, call: Call) -> Answer:
    """`$filter` on principalId and roleDefinitionId (eq), `$expand=principal`; no pages."""
    expand = call.query.get("$expand")
    if expand not in (None, "principal"):
        raise not_modelled(f"$expand={expand} on role assignments")
    wanted = _wanted(call)
    found = [
        _assignment(holder, role, expanded=expand is not None)
        for role, held in ((Role.of(tenant, name), held) for name, held in _holders(tenant).items())
        for holder in held
        if wanted.get("principalId", holder.id) == holder.id
        and wanted.get("roleDefinitionId", role.template) == role.template
    ]
    context = "roleManagement/directory/roleAssignments" + ("(principal())" if expand else "")
    return Answer(200, {"@odata.context": call.context(context), "value": found})


def _wanted(call: Call) -> dict[str, str]:
    if "$filter" not in call.query:
        return {}
    clauses = parse_filter(call.query["$filter"])
    for clause in clauses:
        if clause.op != "eq" or clause.path not in ("principalId", "roleDefinitionId"):
            raise not_modelled(f"$filter on {clause.path} with {clause.op} for role assignments")
    return {clause.path: str(clause.value).lower() for clause in clauses}


def _assignment(holder: Person | Group, role: Role, *, expanded: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"{role.template[:8]}-{holder.id}-1",
        "principalId": holder.id,
        "resourceScope": "/",
        "directoryScopeId": "/",
        "roleDefinitionId": role.template,
    }
    if expanded and isinstance(holder, Group):
        found["principal"] = tagged_group(holder, groups.DEFAULT_SET)
    elif expanded:
        names = ("accountEnabled", "displayName", "mail", "mailNickname", "userType")
        values = {name: holder.properties.get(name) for name in names}
        tag = {"@odata.type": "#microsoft.graph.user", "id": holder.id, "imAddresses": []}
        found["principal"] = tag | values
    return found
