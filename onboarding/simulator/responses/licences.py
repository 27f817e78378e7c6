"""What the company has bought, and giving it to people.

Refusals of assignLicense are texts seen in public: "invalid usage location" (several repositories), "does not
correspond to a valid company License" and "does not have a corresponding license" (pnp/cli-microsoft365,
HelloID connectors), "does not have any available licenses" (Partner Center's pages), missing parameters
(msgraph-sdk-powershell issue 3229), no GUID (microsoft-graph-docs issue 2853).
"""

from __future__ import annotations

import base64
import re
import uuid
from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.errors import GraphError, bad_request, not_modelled, resource_not_found
from onboarding.simulator.models import audit
from onboarding.simulator.models.licences import MAILBOX_AFTER, Licence, Plan, Sku
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import properties as rules
from onboarding.simulator.responses import user_values
from onboarding.simulator.responses.users import must_see

_SKU_SET = (
    "accountName",
    "accountId",
    "appliesTo",
    "capabilityStatus",
    "consumedUnits",
    "id",
    "prepaidUnits",
    "servicePlans",
    "skuId",
    "skuPartNumber",
    "subscriptionIds",
)
_DETAIL_SET = ("id", "skuId", "skuPartNumber", "servicePlans")
_GUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_SHOWN = (*rules.DEFAULT_SET, "accountEnabled", "assignedLicenses", "assignedPlans", "city", "companyName")


# --- what was bought ---------------------------------------------------------------------------------


def sku_json(tenant: Tenant, sku: Sku) -> dict[str, Any]:
    """subscribedSku."""
    units = {name: 0 for name in ("enabled", "lockedOut", "suspended", "warning")}
    units[
        {"Enabled": "enabled", "Warning": "warning", "LockedOut": "lockedOut"}.get(sku.status, "suspended")
    ] = sku.enabled
    return {
        "accountName": tenant.domain.split(".")[0],
        "accountId": tenant.id,
        "appliesTo": sku.applies_to,
        "capabilityStatus": sku.status,
        "consumedUnits": len(sku.holders),
        "id": f"{tenant.id}_{sku.id}",
        "prepaidUnits": units,
        "servicePlans": [_plan(plan) for plan in sku.plans],
        "skuId": sku.id,
        "skuPartNumber": sku.part_number,
        "subscriptionIds": [str(uuid.uuid5(uuid.UUID(tenant.id), sku.id))],
    }


def _plan(plan: Plan, status: str = "Success") -> dict[str, str]:
    return {
        "servicePlanId": plan.id,
        "servicePlanName": plan.name,
        "provisioningStatus": status,
        "appliesTo": plan.applies_to,
    }


def list_skus(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(frozenset(_SKU_SET), _SKU_SET)
    found = [sku_json(tenant, sku) for sku in tenant.skus.values()]
    context = f"subscribedSkus({','.join(names)})" if "$select" in call.query else "subscribedSkus"
    value = [{name: entry[name] for name in names} for entry in found]
    return Answer(200, {"@odata.context": call.context(context), "value": value})


def get_sku(tenant: Tenant, call: Call) -> Answer:
    """By its id: the tenant's id, `_`, the skuId."""
    names = call.selected(frozenset(_SKU_SET), _SKU_SET)
    account, _, key = call.params["id"].lower().partition("_")
    if account != tenant.id or key not in tenant.skus:
        raise resource_not_found(call.params["id"])
    found = sku_json(tenant, tenant.skus[key])
    context = call.context("subscribedSkus/$entity")
    return Answer(200, {"@odata.context": context, **{name: found[name] for name in names}})


# --- who has it --------------------------------------------------------------------------------------


def list_details(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(frozenset(_DETAIL_SET), _DETAIL_SET)
    person, now = must_see(tenant, call), tenant.now()
    found = [
        _detail(tenant, person, licence) for licence in person.licences.values() if licence.visible_at <= now
    ]
    context = call.context(f"users('{person.id}')/licenseDetails")
    value = [{name: entry[name] for name in names} for entry in found]
    return Answer(200, {"@odata.context": context, "value": value})


def _detail(tenant: Tenant, person: Person, licence: Licence) -> dict[str, Any]:
    """Plans of the mailbox are pending until it is there."""
    sku = tenant.skus[licence.sku_id]
    waiting = person.mailbox_at is not None and tenant.now() < person.mailbox_at
    plans = []
    for plan in sku.plans:
        status = "PendingProvisioning" if plan.mailbox and waiting else "Success"
        plans.append(_plan(plan, "Disabled" if plan.id in licence.disabled else status))
    key = base64.urlsafe_b64encode(uuid.UUID(tenant.id).bytes_le + uuid.UUID(sku.id).bytes_le)
    return {
        "id": key.decode().rstrip("="),
        "skuId": sku.id,
        "skuPartNumber": sku.part_number,
        "servicePlans": plans,
    }


def assign(tenant: Tenant, call: Call) -> Answer:
    """All of it or nothing. 200 with the user."""
    added, removed = _asked(call.json_object())
    person = must_see(tenant, call)
    for sku_id in [*added, *removed]:
        if sku_id not in tenant.skus:
            raise bad_request(f"License {sku_id} does not correspond to a valid company License.")
    if twice := set(added) & set(removed):
        raise bad_request(f"License {sorted(twice)[0]} cannot be added and removed in one request.")
    for sku_id in removed:
        if sku_id not in person.licences:
            raise bad_request("User does not have a corresponding license.")
    if added and not person.properties.get("usageLocation"):
        raise bad_request("License assignment cannot be done for user with invalid usage location.")
    for sku_id, disabled in added.items():
        _available(tenant, person, tenant.skus[sku_id], disabled)
    _change(tenant, person, added, removed)
    shown = user_values.shown(tenant, person, _SHOWN)
    return Answer(200, {"@odata.context": call.context("users/$entity"), **_now(tenant, person, shown)})


def _asked(body: dict[str, Any]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """(skuId → disabled plans, skuIds to remove) of a body. Both collections must be there."""
    for name in body:
        if name not in ("addLicenses", "removeLicenses"):
            raise not_modelled(f"the parameter '{name[:60]}' of assignLicense")
    if missing := [
        name for name in ("addLicenses", "removeLicenses") if not isinstance(body.get(name), list)
    ]:
        raise bad_request(
            "One or more parameters of the operation 'assignLicense' are missing from the request payload. "
            f"The missing parameters are: {', '.join(missing)}."
        )
    added: dict[str, tuple[str, ...]] = {}
    for entry in body["addLicenses"]:
        if not isinstance(entry, dict) or not isinstance(entry.get("disabledPlans", []), list):
            raise bad_request("addLicenses holds objects with skuId and disabledPlans.")
        if unknown := set(entry) - {"skuId", "disabledPlans", "@odata.type"}:
            raise not_modelled(f"the property '{sorted(unknown)[0][:60]}' of assignedLicense")
        sku_id = _guid(entry.get("skuId"))
        if sku_id in added:
            raise bad_request(f"License {sku_id} is named more than once in addLicenses.")
        added[sku_id] = tuple(dict.fromkeys(_guid(plan) for plan in entry.get("disabledPlans", [])))
    return added, list(dict.fromkeys(_guid(key) for key in body["removeLicenses"]))


def _guid(value: Any) -> str:
    if not isinstance(value, str) or not _GUID.fullmatch(value):
        raise GraphError(
            400,
            "Request_BadRequest",
            "Cannot convert a primitive value to the expected type 'Edm.Guid'. See the inner exception for more "
            "details.",
        )
    return value.lower()


def _available(tenant: Tenant, person: Person, sku: Sku, disabled: tuple[str, ...]) -> None:
    if sku.applies_to != "User":
        raise bad_request(f"License {sku.id} cannot be assigned to a user.")
    if unknown := [plan for plan in disabled if plan not in {known.id for known in sku.plans}]:
        raise bad_request(f"The service plan {unknown[0]} is not part of the license {sku.id}.")
    if person.id not in sku.holders and sku.free < 1:
        raise bad_request(
            f"Subscription with Account {tenant.id} and SKU {sku.id} does not have any available licenses."
        )


def _change(tenant: Tenant, person: Person, added: dict[str, tuple[str, ...]], removed: list[str]) -> None:
    now = tenant.now()
    seen = now + timedelta(seconds=tenant.policy.licence_lag_seconds)
    for sku_id in removed:
        del person.licences[sku_id]
        tenant.skus[sku_id].holders.pop(person.id, None)
    for sku_id, disabled in added.items():
        held = person.licences.get(sku_id)
        assigned = held.assigned if held else now
        person.licences[sku_id] = Licence(sku_id, disabled, assigned, held.visible_at if held else seen)
        tenant.skus[sku_id].holders[person.id] = None
    _mailbox(tenant, person)
    tenant.change_user(person, {})
    tenant.audit.add(now, audit.DIRECTORY, "Change user license", actor=tenant.app, target=person)


def _mailbox(tenant: Tenant, person: Person) -> None:
    """A first plan with a mailbox makes one, 15 minutes later; without any it is gone."""
    plans = [
        plan
        for licence in person.licences.values()
        for plan in tenant.skus[licence.sku_id].plans
        if plan.mailbox and plan.id not in licence.disabled
    ]
    if not plans:
        person.mailbox_at = None
    elif person.mailbox_at is None:
        person.mailbox_at = tenant.now() + MAILBOX_AFTER
        tenant.mailboxes_due.append(person)


def _now(tenant: Tenant, person: Person, shown: dict[str, Any]) -> dict[str, Any]:
    """The answer to the write knows its own effect, whatever reads see."""
    licences = [
        {"disabledPlans": list(held.disabled), "skuId": held.sku_id} for held in person.licences.values()
    ]
    return {**shown, "assignedLicenses": licences}
