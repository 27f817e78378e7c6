"""A directory role of this tenant, as roles.py and memberships show it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from onboarding.simulator.models.people import ROLES
from onboarding.simulator.models.tenant import Tenant

ROLE_SET = ("id", "deletedDateTime", "description", "displayName", "roleTemplateId")


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
