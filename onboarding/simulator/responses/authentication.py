"""Authentication methods and Temporary Access Passes over Graph.

Effects of people, administrators and other apps come in through `responses/people.py`; both write the
method and its audit record by `responses/register.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import parse_time, to_micros, to_seconds
from onboarding.simulator.errors import GraphError, bad_request, denied, not_modelled, resource_not_found
from onboarding.simulator.models.methods import ACCESS_PASS, BUILT_IN_ID, KINDS, AccessPass, Method
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import register
from onboarding.simulator.responses.users import must_see

_TYPE = "#microsoft.graph."


def list_methods(tenant: Tenant, call: Call) -> Answer:
    """Every method that v1.0 has a type for; the password is always first."""
    person = must_see(tenant, call)
    password: dict[str, Any] = {
        "@odata.type": _TYPE + "passwordAuthenticationMethod",
        "id": BUILT_IN_ID,
        "password": None,
        "createdDateTime": to_seconds(person.created),
    }
    shown, seen = [password], {BUILT_IN_ID}
    for method in person.methods:
        if method.kind.odata_type is not None and method.id not in seen:
            seen.add(method.id)
            shown.append(_method(method))
    if person.access_pass is not None:
        kind = {"@odata.type": _TYPE + "temporaryAccessPassAuthenticationMethod"}
        shown.append(kind | pass_json(tenant, person.access_pass))
    context = call.context(f"users('{person.id}')/authentication/methods")
    return Answer(200, {"@odata.context": context, "value": shown})


def _method(method: Method) -> dict[str, Any]:
    odata_type = method.kind.odata_type or ""
    created = to_seconds(method.created)
    own: dict[str, dict[str, Any]] = {
        "phoneAuthenticationMethod": {
            "phoneNumber": method.value,
            "phoneType": method.kind.phone_type,
            "smsSignInState": "notConfigured",
        },
        "emailAuthenticationMethod": {"emailAddress": method.value},
        "microsoftAuthenticatorAuthenticationMethod": {
            "displayName": method.value or "Pretend phone",
            "deviceTag": "SoftwareTokenActivated",
            "phoneAppVersion": "6.2606.1",
        },
        "fido2AuthenticationMethod": {
            "displayName": method.value or "Pretend key",
            "aaGuid": "2fc0579f-8113-47ea-b116-555a8db9202a",
            "model": "NFC key",
            "attestationCertificates": [],
            "attestationLevel": "attested",
        },
        "windowsHelloForBusinessAuthenticationMethod": {
            "displayName": method.value or "Pretend PC",
            "keyStrength": "normal",
        },
        "softwareOathAuthenticationMethod": {"secretKey": None},
    }
    return {
        "@odata.type": _TYPE + odata_type,
        "id": method.id,
        "createdDateTime": created,
        **own.get(odata_type, {"displayName": method.value}),
    }


def delete_phone(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    method = next((m for m in person.methods if m.id == call.params["method_id"]), None)
    if method is None or method.kind.phone_type is None:
        raise resource_not_found(call.params["method_id"])
    if person.sensitive:
        raise denied()
    if method.kind.name == "mobilePhone" and person.method("alternateMobilePhone") is not None:
        raise GraphError(400, "badRequest", "Delete or replace the alternate mobile phone first.")
    register.remove(tenant, person, method.kind.name, "app")
    return Answer(204)


def usability(tenant: Tenant, granted: AccessPass) -> tuple[bool, str]:
    """isUsable and methodUsabilityReason of the pass at this moment."""
    now = tenant.now()
    if not tenant.policy.tap.enabled:
        return False, "DisabledByPolicy"
    if granted.used and granted.once:
        return False, "OneTimeUsed"
    if now < granted.start:
        return False, "NotYetValid"
    if now >= granted.start + timedelta(minutes=granted.minutes):
        return False, "Expired"
    return True, "EnabledByPolicy"


def pass_json(tenant: Tenant, granted: AccessPass, secret: str | None = None) -> dict[str, Any]:
    usable, reason = usability(tenant, granted)
    return {
        "id": granted.id,
        "temporaryAccessPass": secret,
        "createdDateTime": to_micros(granted.created),
        "startDateTime": to_micros(granted.start),
        "lifetimeInMinutes": granted.minutes,
        "isUsableOnce": granted.once,
        "isUsable": usable,
        "methodUsabilityReason": reason,
    }


def create_pass(tenant: Tenant, call: Call) -> Answer:
    """201 with the secret, this once. A new pass replaces the old one, valid or not."""
    body = call.body if call.body is not None else {}
    if not isinstance(body, dict):
        raise bad_request("Unable to read JSON request payload.")
    names = {"startDateTime", "lifetimeInMinutes", "isUsableOnce", "@odata.type"}
    if unknown := set(body) - names:
        raise not_modelled(f"the property '{sorted(unknown)[0]}' in this body")
    person = must_see(tenant, call)
    policy = tenant.policy.tap
    if not policy.enabled:
        raise _pass_refused(
            "Converged UserCredentialPolicy does not allow creating or updating this authentication method. "
            "AuthMethodType [TemporaryAccessPass]."
        )
    if person.properties.get("userType") == "Guest":
        raise _pass_refused("Temporary Access Pass cannot be added to an external guest user.")
    granted = AccessPass(
        tenant.ids.guid(),
        tenant.ids.access_pass(policy.defaultLength),
        tenant.now(),
        _start(body, tenant.now()),
        _minutes(body, tenant),
        _once(body, tenant),
    )
    register.grant_pass(tenant, person, granted, "app")
    context = call.context(f"users('{person.id}')/authentication/temporaryAccessPassMethods/$entity")
    return Answer(201, {"@odata.context": context, **pass_json(tenant, granted, granted.secret)})


def _pass_refused(message: str) -> GraphError:
    return GraphError(400, "badRequest", message)


def _minutes(body: dict[str, Any], tenant: Tenant) -> int:
    policy = tenant.policy.tap
    minutes = body.get("lifetimeInMinutes")
    if minutes is None:
        minutes = policy.defaultLifetimeInMinutes
    low, high = policy.minimumLifetimeInMinutes, policy.maximumLifetimeInMinutes
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not low <= minutes <= high:
        raise _pass_refused(f"lifetimeInMinutes must be between {low} and {high} by policy.")
    return minutes


def _once(body: dict[str, Any], tenant: Tenant) -> bool:
    once = body.get("isUsableOnce")
    if once is None:
        return tenant.policy.tap.isUsableOnce
    if not isinstance(once, bool):
        raise _pass_refused("isUsableOnce is true or false.")
    if tenant.policy.tap.isUsableOnce and not once:
        raise _pass_refused("The policy allows one-time passes only.")
    return once


def _start(body: dict[str, Any], now: datetime) -> datetime:
    if body.get("startDateTime") is None:
        return now
    try:
        return parse_time(body["startDateTime"])
    except (ValueError, TypeError, AttributeError):
        raise _pass_refused("startDateTime is not a date and time with an offset.") from None


def list_passes(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    context = call.context(f"users('{person.id}')/authentication/temporaryAccessPassMethods")
    found = [pass_json(tenant, person.access_pass)] if person.access_pass else []
    return Answer(200, {"@odata.context": context, "value": found})


def _own_pass(person: Person, call: Call) -> AccessPass:
    if person.access_pass is None or person.access_pass.id != call.params["method_id"]:
        raise resource_not_found(call.params["method_id"])
    return person.access_pass


def get_pass(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    granted = _own_pass(person, call)
    context = call.context(f"users('{person.id}')/authentication/temporaryAccessPassMethods/$entity")
    return Answer(200, {"@odata.context": context, **pass_json(tenant, granted)})


def delete_pass(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    _own_pass(person, call)
    register.remove(tenant, person, KINDS[ACCESS_PASS].name, "app")
    return Answer(204)
