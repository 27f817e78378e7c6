"""Memberships and the organization: what guards and the doctor read."""

from __future__ import annotations

from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import GraphError
from onboarding.simulator.models.people import ROLES, Group
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.users import must_see

_GROUP = frozenset({"id", "displayName", "isAssignableToRole", "securityEnabled", "mailEnabled"})
_ORGANIZATION = frozenset({"id", "displayName", "verifiedDomains", "countryLetterCode", "tenantType"})


def _group(group: Group, names: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": group.id,
        "displayName": group.name,
        "isAssignableToRole": group.assignable,
        "securityEnabled": True,
        "mailEnabled": False,
    }
    return {name: values[name] for name in names}


def list_memberships(tenant: Tenant, call: Call) -> Answer:
    """Groups and directory roles. The simulator has no nested groups, so memberOf and transitiveMemberOf
    answer alike."""
    names = call.selected(_GROUP, tuple(sorted(_GROUP)))
    person = must_see(tenant, call)
    groups = [{"@odata.type": "#microsoft.graph.group", **_group(g, names)} for g in person.groups]
    roles = [
        {
            "@odata.type": "#microsoft.graph.directoryRole",
            **{name: {"id": ROLES.get(role, (role,))[0], "displayName": role}.get(name) for name in names},
        }
        for role in person.roles
    ]
    return Answer(200, {"@odata.context": call.context("directoryObjects"), "value": groups + roles})


def list_groups_of(tenant: Tenant, call: Call) -> Answer:
    """The OData cast is an advanced query: `$count=true` and `ConsistencyLevel: eventual`."""
    if call.headers.get("consistencylevel") != "eventual" or call.query.get("$count") != "true":
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            "The specified cast requires ConsistencyLevel: eventual and $count=true.",
        )
    names = call.selected(_GROUP, tuple(sorted(_GROUP)))
    person = must_see(tenant, call)
    found = [_group(group, names) for group in person.groups]
    context = call.context(f"groups({','.join(names)})" if "$select" in call.query else "groups")
    return Answer(200, {"@odata.context": context, "@odata.count": len(found), "value": found})


def list_organization(tenant: Tenant, call: Call) -> Answer:
    company, initial = tenant.domains
    domain = {"capabilities": "Email, OfficeCommunicationsOnline", "type": "Managed"}
    values: dict[str, Any] = {
        "id": tenant.id,
        "displayName": "Contoso (pretend tenant)",
        "countryLetterCode": "NL",
        "tenantType": "AAD",
        "verifiedDomains": [
            domain | {"isDefault": True, "isInitial": False, "name": company},
            domain | {"isDefault": False, "isInitial": True, "name": initial},
        ],
    }
    names = call.selected(_ORGANIZATION, tuple(values))
    found = {name: values[name] for name in names}
    return Answer(200, {"@odata.context": call.context("organization"), "value": [found]})
