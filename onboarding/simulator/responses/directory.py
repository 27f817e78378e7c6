"""The organization: what the doctor reads."""

from __future__ import annotations

from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.models.tenant import Tenant

_ORGANIZATION = frozenset({"id", "displayName", "verifiedDomains", "countryLetterCode", "tenantType"})


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
