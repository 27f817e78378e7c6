"""Roles, the organization and the pass policy: what guards and the doctor read."""

from __future__ import annotations

from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import not_modelled
from onboarding.simulator.models.people import ROLES
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.odata import parse_filter

_ORGANIZATION = frozenset({"id", "displayName", "verifiedDomains", "countryLetterCode", "tenantType"})


def list_role_assignments(tenant: Tenant, call: Call) -> Answer:
    clauses = parse_filter(call.query.get("$filter", ""))
    if len(clauses) != 1 or clauses[0].path != "principalId" or clauses[0].op != "eq":
        raise not_modelled("role assignments without $filter=principalId eq '...'")
    person = tenant.people.get(str(clauses[0].value))
    who = str(clauses[0].value) if person is None else person.id
    found = [
        {
            "id": f"{ROLES.get(role, (role, True))[0][:8]}-{who}-1",
            "principalId": who,
            "resourceScope": "/",
            "directoryScopeId": "/",
            "roleDefinitionId": ROLES.get(role, (role, True))[0],
        }
        for role in (person.roles if person else [])
    ]
    context = call.context("roleManagement/directory/roleAssignments")
    return Answer(200, {"@odata.context": context, "value": found})


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


def get_pass_policy(tenant: Tenant, call: Call) -> Answer:
    configuration = call.params["configuration"]
    if configuration.lower() != "temporaryaccesspass":
        raise not_modelled(f"the configuration of {configuration}")
    policy = tenant.policy.tap
    return Answer(
        200,
        {
            "@odata.context": call.context("authenticationMethodConfigurations/$entity"),
            "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
            "id": "TemporaryAccessPass",
            "state": "enabled" if policy.enabled else "disabled",
            "defaultLifetimeInMinutes": policy.defaultLifetimeInMinutes,
            "defaultLength": policy.defaultLength,
            "minimumLifetimeInMinutes": policy.minimumLifetimeInMinutes,
            "maximumLifetimeInMinutes": policy.maximumLifetimeInMinutes,
            "isUsableOnce": policy.isUsableOnce,
            "includeTargets": [{"targetType": "group", "id": "all_users", "isRegistrationRequired": False}],
            "excludeTargets": [],
        },
    )
