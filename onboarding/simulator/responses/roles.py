"""Directory roles and who holds them.

Pages: directoryrole-list, directoryrole-get, directoryrole-list-members, rbacapplication-list-roleassignments.
"""

from __future__ import annotations

import uuid
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import not_modelled, resource_not_found
from onboarding.simulator.models.people import ROLES, Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.odata import parse_filter
from onboarding.simulator.responses import properties as rules
from onboarding.simulator.responses.user_values import shown

_GLOBAL_ADMINISTRATOR = "Global Administrator"


def template_id(role: str) -> str:
    """The same in every tenant. A role that is not in the table is given as its template id."""
    return ROLES[role][0] if role in ROLES else role


def role_id(tenant: Tenant, role: str) -> str:
    """The object id of the activated role: this tenant's own, unlike the template's."""
    return str(uuid.uuid5(uuid.UUID(tenant.id), template_id(role)))


def _holders(tenant: Tenant) -> dict[str, list[Person]]:
    """By role, people in the order of creation. A role is activated once somebody holds it; the global
    administrator always is (directoryRole)."""
    found: dict[str, list[Person]] = {_GLOBAL_ADMINISTRATOR: []}
    for person in tenant.people.in_order:
        if person.deleted_at is None and tenant.replicated(person):
            for role in person.roles:
                found.setdefault(role, []).append(person)
    return found


def _role(tenant: Tenant, role: str) -> dict[str, Any]:
    return {
        "id": role_id(tenant, role),
        "deletedDateTime": None,
        "description": f"{role} (pretend tenant)",
        "displayName": role,
        "roleTemplateId": template_id(role),
    }


def list_roles(tenant: Tenant, call: Call) -> Answer:
    """Activated ones only; no options, no pages."""
    found = [_role(tenant, role) for role in _holders(tenant)]
    return Answer(200, {"@odata.context": call.context("directoryRoles"), "value": found})


def _named(tenant: Tenant, call: Call) -> str:
    """By object id or by `roleTemplateId=…`; 404 for one that is not activated."""
    key = call.params["role_id"]
    name, is_key, value = key.partition("=")
    wanted = value.strip("'") if is_key and name == "roleTemplateId" else key
    for role in _holders(tenant):
        if wanted.lower() in (role_id(tenant, role), template_id(role).lower()):
            return role
    raise resource_not_found(key)


def get_role(tenant: Tenant, call: Call) -> Answer:
    context = {"@odata.context": call.context("directoryRoles/$entity")}
    return Answer(200, context | _role(tenant, _named(tenant, call)))


def list_members(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(rules.READABLE, rules.DEFAULT_SET)
    kind = {"@odata.type": "#microsoft.graph.user"}
    found = [kind | shown(tenant, person, names) for person in _holders(tenant)[_named(tenant, call)]]
    return Answer(200, {"@odata.context": call.context("directoryObjects"), "value": found})


def list_assignments(tenant: Tenant, call: Call) -> Answer:
    """`$filter` on principalId and roleDefinitionId (eq), `$expand=principal`; no pages."""
    expand = call.query.get("$expand")
    if expand not in (None, "principal"):
        raise not_modelled(f"$expand={expand} on role assignments")
    wanted = _wanted(call)
    found = [
        _assignment(person, role, expanded=expand is not None)
        for role, people in _holders(tenant).items()
        for person in people
        if wanted.get("principalId", person.id) == person.id
        and wanted.get("roleDefinitionId", template_id(role)) == template_id(role)
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


def _assignment(person: Person, role: str, *, expanded: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"{template_id(role)[:8]}-{person.id}-1",
        "principalId": person.id,
        "resourceScope": "/",
        "directoryScopeId": "/",
        "roleDefinitionId": template_id(role),
    }
    if expanded:
        names = ("accountEnabled", "displayName", "mail", "mailNickname", "userType")
        values = {name: person.properties.get(name) for name in names}
        tag = {"@odata.type": "#microsoft.graph.user", "id": person.id, "imAddresses": []}
        found["principal"] = tag | values
    return found
