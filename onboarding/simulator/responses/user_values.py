"""A user as reads see it: what is stored, and what is worked out from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from onboarding.simulator.clock import to_seconds
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses.properties import USERS

#: Beginning of a plan's name → the service that Graph names for it (licenseDetails and assignedPlans examples).
_SERVICES = (
    ("EXCHANGE", "exchange"),
    ("TEAMS", "TeamspaceAPI"),
    ("SHAREPOINT", "SharePoint"),
    ("AAD_", "AADPremiumService"),
)


class UserValues(Mapping[str, Any]):
    """Graph's names and values. `stored` other than the person's own: as an index saw them, while they lived."""

    def __init__(self, tenant: Tenant, person: Person, stored: Mapping[str, Any] | None = None) -> None:
        self.tenant = tenant
        self.person = person
        self.stored = person.properties if stored is None else stored
        self.deleted_at = person.deleted_at if stored is None else None

    def __getitem__(self, name: str) -> Any:
        worked_out = _DERIVED.get(name)
        return self.stored[name] if worked_out is None else worked_out(self)

    def __iter__(self) -> Iterator[str]:
        yield from self.stored
        yield from _DERIVED

    def __len__(self) -> int:
        return len(self.stored) + len(_DERIVED)


def _upn(user: UserValues) -> str:
    """A deleted user's name has the object id before it, so that the name is free (seen in deletedItems)."""
    upn = str(user.stored["userPrincipalName"])
    return upn if user.deleted_at is None else user.person.id.replace("-", "") + upn


def _proxies(user: UserValues) -> list[str]:
    mail = user.stored.get("mail")
    return [f"SMTP:{mail}"] if mail else []


def _identities(user: UserValues) -> list[dict[str, str]]:
    upn = str(user.stored["userPrincipalName"])
    return [
        {
            "signInType": "userPrincipalName",
            "issuer": upn.rpartition("@")[2],
            "issuerAssignedId": upn,
        }
    ]


def _licences(user: UserValues) -> list[dict[str, Any]]:
    now = user.tenant.now()
    return [
        {"disabledPlans": list(licence.disabled), "skuId": licence.sku_id}
        for licence in user.person.licences.values()
        if licence.visible_at <= now
    ]


def _plans(user: UserValues) -> list[dict[str, Any]]:
    now = user.tenant.now()
    return [
        {
            "assignedDateTime": to_seconds(licence.assigned),
            "capabilityStatus": "Enabled",
            "service": next((name for begin, name in _SERVICES if plan.name.startswith(begin)), plan.name),
            "servicePlanId": plan.id,
        }
        for licence in user.person.licences.values()
        if licence.visible_at <= now
        for plan in user.tenant.skus[licence.sku_id].plans
        if plan.id not in licence.disabled
    ]


_DERIVED: dict[str, Callable[[UserValues], Any]] = {
    "id": lambda user: user.person.id,
    "userPrincipalName": _upn,
    "deletedDateTime": lambda user: to_seconds(user.deleted_at) if user.deleted_at else None,
    "assignedLicenses": _licences,
    "assignedPlans": _plans,
    "identities": _identities,
    "proxyAddresses": _proxies,
    "signInSessionsValidFromDateTime": lambda user: to_seconds(
        user.person.sessions_valid_from or user.person.created
    ),
}


def shown(tenant: Tenant, person: Person, names: Iterable[str]) -> dict[str, Any]:
    """The selected properties as Graph prints them; what was never set is null or an empty list."""
    return USERS.shown(UserValues(tenant, person), names)
