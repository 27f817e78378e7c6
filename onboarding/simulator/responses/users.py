"""Users: creating, changing, deleting; and their managers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import to_seconds
from onboarding.simulator.directory_query import fragment
from onboarding.simulator.errors import (
    GraphError,
    bad_request,
    denied,
    object_conflict,
    resource_not_found,
)
from onboarding.simulator.models import audit
from onboarding.simulator.models.changes import DELETED
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import properties as rules
from onboarding.simulator.responses import user_values
from onboarding.simulator.responses.references import referenced

#: Roles that may touch credentials and contact data of administrators ("Who can perform sensitive actions").
_HIGH = frozenset({"Global Administrator", "Privileged Authentication Administrator"})
#: Roles that may set passwords of everybody else (user resource type, passwordProfile).
_PASSWORDS = _HIGH | {"User Administrator"}


def must_see(tenant: Tenant, call: Call, key: str | None = None) -> Person:
    """The user that the path names, or 404 while replication has not brought it here."""
    wanted = key if key is not None else call.params["id"]
    person = tenant.visible(wanted, call.lag)
    if person is None:
        raise resource_not_found(wanted)
    return person


def may_touch(tenant: Tenant, person: Person) -> None:
    """403 for a sensitive action on an administrator or a member of a role-assignable group, unless the app
    itself holds a high role."""
    if person.sensitive and not _HIGH & set(tenant.policy.app_roles):
        raise denied()


def create_user(tenant: Tenant, call: Call) -> Answer:
    body = call.json_object()
    rules.check_known(body, rules.WRITABLE_WHEN_NEW | set(rules.REQUIRED))
    for name in rules.REQUIRED:
        if body.get(name) is None:
            raise bad_request(f"A value is required for property '{name}' of resource 'User'.")
    plain = {k: v for k, v in body.items() if k not in ("userPrincipalName", "passwordProfile")}
    rules.check_properties(plain, rules.WRITABLE)
    rules.check_user_name(body["userPrincipalName"], tenant.domains)
    flags = rules.check_password(body["passwordProfile"])
    _no_conflict(tenant, None, body)
    names = {"userPrincipalName": body["userPrincipalName"], "passwordProfile": flags}
    person = _new_person(tenant, call, plain | names)
    tenant.add_user(person)
    person.note(person.created)
    tenant.audit.add(
        person.created, audit.DIRECTORY, "Add user", actor=tenant.app, target=person, operation="Add"
    )
    found = user_values.shown(tenant, person, rules.DEFAULT_SET)
    return Answer(201, {"@odata.context": call.context("users/$entity"), **found})


def _no_conflict(tenant: Tenant, own: Person | None, body: Mapping[str, Any]) -> None:
    """400 for a user name or an address that another live user has."""
    holder = tenant.people.get(body["userPrincipalName"]) if "userPrincipalName" in body else None
    if holder is not None and holder is not own:
        raise object_conflict("userPrincipalName")
    upn = body.get("userPrincipalName")
    if upn and any(other is not own for other in tenant.people.find("mail", upn)):
        raise object_conflict("proxyAddresses")
    if body.get("mail") and any(other is not own for other in tenant.people.find("mail", body["mail"])):
        raise object_conflict("proxyAddresses")


def _new_person(tenant: Tenant, call: Call, values: dict[str, Any]) -> Person:
    now = tenant.now()
    kept = {name: value for name, value in values.items() if not name.startswith("@odata.")}
    kept.setdefault("userType", "Member")
    kept["createdDateTime"] = to_seconds(now)
    lag = max(call.lag, tenant.policy.replication_lag_seconds)
    return Person(tenant.ids.guid(), kept, now, now + timedelta(seconds=lag), "graph")


def update_user(tenant: Tenant, call: Call) -> Answer:
    body = {k: v for k, v in call.json_object().items() if not k.startswith("@odata.")}
    person = must_see(tenant, call)
    changes = _checked(tenant, body)
    if rules.SENSITIVE & set(body):
        may_touch(tenant, person)
    if person.properties.get("onPremisesSyncEnabled") and rules.SYNCED & set(body):
        raise bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or "
            "objects currently undergoing migration."
        )
    _no_conflict(tenant, person, body)
    tenant.change_user(person, changes)
    told = [
        audit.modified(name, None, str(value)) for name, value in body.items() if name != "passwordProfile"
    ]
    tenant.audit.add(
        tenant.now(), audit.DIRECTORY, "Update user", actor=tenant.app, target=person, changes=told
    )
    return Answer(204)


def _checked(tenant: Tenant, body: dict[str, Any]) -> dict[str, Any]:
    """The changes to store. 403 for a password where the app has no directory role for it."""
    changes = {k: v for k, v in body.items() if k not in ("userPrincipalName", "passwordProfile")}
    rules.check_properties(changes, rules.WRITABLE)
    if "passwordProfile" in body:
        if not _PASSWORDS & set(tenant.policy.app_roles):
            raise denied()
        changes["passwordProfile"] = rules.check_password(body["passwordProfile"])
    if "userPrincipalName" in body:
        rules.check_user_name(body["userPrincipalName"], tenant.domains)
        changes["userPrincipalName"] = body["userPrincipalName"]
    return changes


def delete_user(tenant: Tenant, call: Call) -> Answer:
    """Into the deleted items, for 30 days."""
    person = must_see(tenant, call)
    may_touch(tenant, person)
    remove(tenant, person)
    tenant.audit.add(
        tenant.now(), audit.DIRECTORY, "Delete user", actor=tenant.app, target=person, operation="Delete"
    )
    return Answer(204)


def remove(tenant: Tenant, person: Person) -> None:
    """Soft delete: name and licences are free for others."""
    now = tenant.now()
    tenant.people.delete(person, now)
    for sku_id in person.licences:
        tenant.skus[sku_id].holders.pop(person.id, None)
    person.note(now)
    tenant.changes.add(now, person.id, DELETED)


def revoke_sessions(tenant: Tenant, call: Call) -> Answer:
    """signInSessionsValidFromDateTime becomes now (user-revokesigninsessions)."""
    if call.body not in (None, {}):
        raise bad_request("The action takes no body.")
    person = must_see(tenant, call)
    person.sessions_valid_from = tenant.now()
    tenant.audit.add(
        tenant.now(),
        audit.DIRECTORY,
        "Update StsRefreshTokenValidFrom Timestamp",
        actor=tenant.app,
        target=person,
    )
    return Answer(200, {"@odata.context": call.context("Edm.Boolean"), "value": True})


# --- managers ----------------------------------------------------------------------------------------


def set_manager(tenant: Tenant, call: Call) -> Answer:
    person = must_see(tenant, call)
    kind, key = referenced(tenant, call.json_object())
    if kind not in ("users", "directoryobjects"):
        raise bad_request("Not a valid reference update.")
    manager = referred(tenant, call, key)
    _link(tenant, person, manager.id)
    tenant.audit.add(
        tenant.now(),
        audit.DIRECTORY,
        "Set user manager",
        actor=tenant.app,
        target=person,
        changes=[audit.modified("Manager.ObjectID", None, manager.id)],
    )
    return Answer(204)


def referred(tenant: Tenant, call: Call, key: str) -> Person:
    """A user that a reference names: 404 where there is none; 404 or 400, as the policy says, where replication
    has not brought it here yet."""
    person = tenant.people.get(key)
    if (
        person is not None
        and not tenant.replicated(person, call.lag)
        and tenant.policy.unreplicated_reference == "bad_request"
    ):
        raise bad_request("Not a valid reference update.")
    return must_see(tenant, call, key)


def _link(tenant: Tenant, person: Person, manager_id: str | None) -> None:
    """Reads see the new link after the manager's lag."""
    now = tenant.now()
    person.manager_before = person.manager_seen(now)
    person.manager_id = manager_id
    person.manager_visible_at = now + timedelta(seconds=tenant.policy.manager_lag_seconds)


def remove_manager(tenant: Tenant, call: Call) -> Answer:
    """204; 404 when nobody is set."""
    person = must_see(tenant, call)
    if person.manager_id is None:
        raise _no_manager()
    _link(tenant, person, None)
    tenant.audit.add(tenant.now(), audit.DIRECTORY, "Remove user manager", actor=tenant.app, target=person)
    return Answer(204)


def _no_manager() -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        "Resource 'manager' does not exist or one of its queried reference-property objects are not present.",
    )


def manager_of(tenant: Tenant, call: Call, person: Person) -> Person | None:
    """The manager as reads see it now."""
    key = person.manager_seen(tenant.now())
    return tenant.visible(key, call.lag) if key else None


def get_manager(tenant: Tenant, call: Call) -> Answer:
    """404 when nobody is set (user-list-manager)."""
    names = call.selected(rules.USERS.selectable, rules.DEFAULT_SET)
    manager = manager_of(tenant, call, must_see(tenant, call))
    if manager is None:
        raise _no_manager()
    context = call.context(fragment(call, "directoryObjects", names) + "/$entity")
    return Answer(200, {"@odata.context": context, **tagged(tenant, manager, names)})


def tagged(tenant: Tenant, person: Person, names: Iterable[str]) -> dict[str, Any]:
    """A user among directory objects names its type."""
    return {"@odata.type": "#microsoft.graph.user", **user_values.shown(tenant, person, names)}
