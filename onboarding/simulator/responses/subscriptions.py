"""Subscriptions to changes of users: checked, kept, renewed, ended. Nothing is ever delivered.

The validation request is not sent either (the simulator talks to nobody): the endpoint counts as one that
answers, or by policy as one that fails. Other resources than users are 501.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import parse_time
from onboarding.simulator.errors import GraphError, not_modelled
from onboarding.simulator.models.subscriptions import LONGEST, Subscription
from onboarding.simulator.models.tenant import Tenant

_REQUIRED = ("changeType", "notificationUrl", "resource", "expirationDateTime")
_OPTIONAL = ("clientState", "latestSupportedTlsVersion", "lifecycleNotificationUrl", "includeResourceData")
_KINDS = {"created", "updated", "deleted"}
_TLS = ("v1_0", "v1_1", "v1_2", "v1_3")
_RESOURCE = re.compile(r"/?users(?:/[^/?]+)?", re.IGNORECASE)
_SECRET = 128


def _refused(message: str, code: str = "InvalidRequest") -> GraphError:
    return GraphError(400, code, message)


def create(tenant: Tenant, call: Call) -> Answer:
    given = {name: value for name, value in call.json_object().items() if not name.startswith("@odata.")}
    for name in given:
        if name not in (*_REQUIRED, *_OPTIONAL):
            raise not_modelled(f"the property '{name[:60]}' of a subscription")
    if missing := [name for name in _REQUIRED if not isinstance(given.get(name), str) or not given[name]]:
        raise _refused(f"Property {missing[0]} is required and is a string.")
    _checked(given)
    expires = _expires(tenant, given["expirationDateTime"])
    if tenant.policy.notification_endpoint == "fails":
        raise _refused("Subscription validation request failed. Must respond with 200 OK to this request.")
    made = Subscription(tenant.ids.guid(), given, expires, len(tenant.changes.entries))
    tenant.subscriptions[made.id] = made
    return Answer(
        201, {"@odata.context": call.context("subscriptions/$entity"), **_shown(tenant, made, first=True)}
    )


def _checked(given: dict[str, Any]) -> None:
    kinds = {kind.strip() for kind in given["changeType"].split(",")}
    if not kinds <= _KINDS:
        raise _refused("changeType holds created, updated and deleted, joined by commas.")
    for name in ("notificationUrl", "lifecycleNotificationUrl"):
        url = given.get(name)
        if isinstance(url, str) and url.lower().startswith("eventhub:"):
            raise not_modelled("notifications through Event Hubs")
        if url is not None and not (isinstance(url, str) and re.fullmatch(r"https://[^/\s]+(/\S*)?", url)):
            raise _refused(f"{name} must be an https address.")
    if not _RESOURCE.fullmatch(given["resource"]):
        raise not_modelled(f"subscriptions to {given['resource'][:80]}")
    secret = given.get("clientState")
    if secret is not None and not (isinstance(secret, str) and len(secret) <= _SECRET):
        raise _refused(f"clientState is a string of {_SECRET} characters at most.")
    if given.get("latestSupportedTlsVersion", "v1_2") not in _TLS:
        raise _refused("latestSupportedTlsVersion is one of v1_0, v1_1, v1_2, v1_3.")
    if given.get("includeResourceData", False) is not False:
        raise not_modelled("subscriptions with resource data")


def _expires(tenant: Tenant, text: Any) -> datetime:
    try:
        found = parse_time(text)
    except (ValueError, TypeError, AttributeError):
        raise _refused("expirationDateTime is a time with an offset.") from None
    if found <= tenant.now():
        raise _refused("The expirationDateTime lies in the past.")
    if found > tenant.now() + LONGEST:
        minutes = int(LONGEST.total_seconds() // 60)
        # Words as seen for Outlook's resources, whose number is another.
        raise _refused(
            f"Subscription expiration can only be {minutes} minutes in the future.", "ExtensionError"
        )
    return found


def _shown(tenant: Tenant, made: Subscription, *, first: bool = False) -> dict[str, Any]:
    """clientState comes back once only, with the 201 (subscription-list)."""
    given, app = made.given, tenant.app.app or {}
    return {
        "id": made.id,
        "resource": given["resource"],
        "applicationId": app.get("appId"),
        "changeType": given["changeType"],
        "clientState": given.get("clientState") if first else None,
        "notificationUrl": given["notificationUrl"],
        "lifecycleNotificationUrl": given.get("lifecycleNotificationUrl"),
        "expirationDateTime": given["expirationDateTime"],
        "creatorId": app.get("servicePrincipalId"),
        "latestSupportedTlsVersion": given.get("latestSupportedTlsVersion", "v1_2"),
        "encryptionCertificate": "",
        "encryptionCertificateId": "",
        "includeResourceData": given.get("includeResourceData", False),
        "notificationContentType": "application/json",
    }


def _living(tenant: Tenant, call: Call) -> Subscription:
    found = tenant.subscriptions.get(call.params["id"].lower())
    if found is None or not found.alive(tenant.now()):
        raise GraphError(404, "ResourceNotFound", "The object was not found.")
    return found


def get(tenant: Tenant, call: Call) -> Answer:
    found = _shown(tenant, _living(tenant, call))
    return Answer(200, {"@odata.context": call.context("subscriptions/$entity"), **found})


def list_all(tenant: Tenant, call: Call) -> Answer:
    now = tenant.now()
    living = [_shown(tenant, made) for made in tenant.subscriptions.values() if made.alive(now)]
    return Answer(200, {"@odata.context": call.context("subscriptions"), "value": living})


def renew(tenant: Tenant, call: Call) -> Answer:
    body = {name: value for name, value in call.json_object().items() if not name.startswith("@odata.")}
    if set(body) != {"expirationDateTime"}:
        raise not_modelled("a change of a subscription other than its expirationDateTime")
    made = _living(tenant, call)
    made.expires = _expires(tenant, body["expirationDateTime"])
    made.given["expirationDateTime"] = body["expirationDateTime"]
    return Answer(200, {"@odata.context": call.context("subscriptions/$entity"), **_shown(tenant, made)})


def end(tenant: Tenant, call: Call) -> Answer:
    del tenant.subscriptions[_living(tenant, call).id]
    return Answer(204)
