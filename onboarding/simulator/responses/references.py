"""`@odata.id` and `@odata.bind`: references to other objects by address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from onboarding.simulator.addresses import segments
from onboarding.simulator.clouds import foreign
from onboarding.simulator.errors import bad_reference, bad_request, not_modelled
from onboarding.simulator.models.tenant import Tenant

_KINDS = ("users", "groups", "directoryobjects")
#: What else may be a member or an owner (group-post-members, group-post-owners).
_OTHERS = ("serviceprincipals", "devices", "contacts")


def referenced(tenant: Tenant, body: dict[str, Any]) -> tuple[str, str]:
    """What `{"@odata.id": address}` names. 400 for anything else."""
    others = [name for name in body if name not in ("@odata.id", "@odata.type", "@odata.context")]
    if others:
        raise not_modelled(f"the property '{others[0][:60]}' in this body")
    if not isinstance(body.get("@odata.id"), str):
        raise bad_request("The request body must be {'@odata.id': '<root>/users/{id}'}.")
    return address(tenant, body["@odata.id"])


def address(tenant: Tenant, text: str) -> tuple[str, str]:
    """("users" | "groups" | "directoryobjects", key) of an address. 400 for no such address and for the root of
    another cloud (a reference carries the root of its own cloud)."""
    try:
        path = urlsplit(text).path
    except ValueError:
        raise bad_reference() from None
    parts = [segment.text for segment in segments(path)]
    if len(parts) >= 2 and parts[-2].lower() in _OTHERS:
        raise not_modelled(f"references to {parts[-2].lower()}")
    if len(parts) < 2 or parts[-2].lower() not in _KINDS or not parts[-1]:
        raise bad_reference()
    if foreign(tenant.policy.cloud, text):
        raise bad_reference()
    return parts[-2].lower(), parts[-1]
