"""Activated directory roles and who holds them. No query options, no pages (directoryrole-list)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import resource_not_found
from onboarding.simulator.models.people import ROLES, Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.properties import DEFAULT_SET
from onboarding.simulator.responses.users import tagged

ROLE_SET = ("id", "deletedDateTime", "description", "displayName", "roleTemplateId")
_BY_TEMPLATE = "roletemplateid="


@dataclass(frozen=True)
class Role:
    """A role of this tenant: its own id, that of its template, and its name (or template, where not known)."""

    id: str
    template: str
    name: str

    @classmethod
    def of(cls, tenant: Tenant, name: str) -> Role:
        """By a person's entry: a name of `ROLES`, or a template id."""
        template = ROLES.get(name, (name, True))[0]
        return cls(str(uuid.uuid5(uuid.UUID(tenant.id), template)), template, name)

    def shown(self, names: Iterable[str]) -> dict[str, Any]:
        """What is no property of a role is null."""
        own = {
            "id": self.id,
            "displayName": self.name,
            "roleTemplateId": self.template,
            "description": f"Holders of the role {self.name} in the pretend tenant.",
        }
        return {name: own.get(name) for name in names}


def _holders(tenant: Tenant, name: str) -> list[Person]:
    return [person for person in tenant.people if person.deleted_at is None and name in person.roles]


def _activated(tenant: Tenant) -> list[Role]:
    """Roles that somebody holds; others were never activated here."""
    names = dict.fromkeys(name for person in tenant.people.in_order for name in person.roles)
    return [Role.of(tenant, name) for name in names]


def list_roles(tenant: Tenant, call: Call) -> Answer:
    found = [role.shown(ROLE_SET) for role in _activated(tenant)]
    return Answer(200, {"@odata.context": call.context("directoryRoles"), "value": found})


def list_role_members(tenant: Tenant, call: Call) -> Answer:
    """By the role's id, its template's, or `roleTemplateId=` and that."""
    wanted = call.params["id"].lower().removeprefix(_BY_TEMPLATE)
    role = next((role for role in _activated(tenant) if wanted in (role.id, role.template.lower())), None)
    if role is None:
        raise resource_not_found(call.params["id"])
    found = [tagged(tenant, person, DEFAULT_SET) for person in _holders(tenant, role.name)]
    return Answer(200, {"@odata.context": call.context("directoryObjects"), "value": found})
