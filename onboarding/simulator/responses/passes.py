"""Temporary Access Passes over Graph.

Pages: authentication-post-temporaryaccesspassmethods, temporaryaccesspassauthenticationmethod-get, -delete, and
howto-authentication-temporary-access-pass. What people and administrators do comes in through
`responses/people.py`; both write the pass and its audit record by `responses/register.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import parse_time, to_micros
from onboarding.simulator.errors import GraphError, bad_request, not_modelled, resource_not_found
from onboarding.simulator.models.methods import ACCESS_PASS, KINDS, AccessPass
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import register
from onboarding.simulator.responses.users import must_see

_LONGEST = timedelta(days=30)
_TAG = {"@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod"}


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
    if not policy.enabled or _out_of_scope(tenant, person):
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
    return Answer(201, {"@odata.context": context, **_TAG, **pass_json(tenant, granted, granted.secret)})


def _out_of_scope(tenant: Tenant, person: Person) -> bool:
    """Excluded from the method's policy: by object id, UPN, or id of a group."""
    excluded = {entry.lower() for entry in tenant.policy.tap.excludeTargets}
    return bool(excluded & {person.id, person.upn.lower(), *(group.id for group in person.groups)})


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
        start = parse_time(body["startDateTime"])
        start + _LONGEST  # must lie within the calendar
        return start
    except (ValueError, TypeError, AttributeError, OverflowError):
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
