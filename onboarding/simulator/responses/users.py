"""Users and their managers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.clock import to_seconds
from onboarding.simulator.errors import (
    GraphError,
    bad_request,
    denied,
    not_modelled,
    object_conflict,
    resource_not_found,
)
from onboarding.simulator.models import audit
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.odata import parse_filter
from onboarding.simulator.responses import properties as rules

_FILTERS = ("employeeId", "userPrincipalName", "mail")


def shown(person: Person, names: Iterable[str]) -> dict[str, Any]:
    """The selected properties as Graph prints them; what was never set is null or an empty list."""
    empty: dict[str, Any] = {"businessPhones": [], "otherMails": []}
    values = {**person.properties, "id": person.id}
    return {name: values.get(name, empty.get(name)) for name in names}


def must_see(tenant: Tenant, call: Call, key: str | None = None) -> Person:
    """The user that the path names, or 404 while replication has not brought it here."""
    wanted = key if key is not None else call.params["id"]
    person = tenant.visible(wanted, call.lag)
    if person is None:
        raise resource_not_found(wanted)
    return person


def create_user(tenant: Tenant, call: Call) -> Answer:
    body = call.json_object()
    for name in rules.REQUIRED:
        if body.get(name) is None:
            raise bad_request(f"A value is required for property '{name}' of resource 'User'.")
    plain = {k: v for k, v in body.items() if k not in ("userPrincipalName", "passwordProfile")}
    rules.check_properties(plain, rules.WRITABLE)
    rules.check_user_name(body["userPrincipalName"], tenant.domains)
    rules.check_password(body["passwordProfile"])
    if tenant.people.get(body["userPrincipalName"]) is not None:
        raise object_conflict("userPrincipalName")
    if body.get("mail") and tenant.people.find("mail", body["mail"]):
        raise object_conflict("proxyAddresses")
    person = _new_person(tenant, call, plain | {"userPrincipalName": body["userPrincipalName"]})
    tenant.people.add(person)
    person.note(person.created)
    tenant.audit.add(
        person.created, audit.DIRECTORY, "Add user", actor=tenant.app, target=person, operation="Add"
    )
    found = shown(person, rules.DEFAULT_SET)
    return Answer(201, {"@odata.context": call.context("users/$entity"), **found})


def _new_person(tenant: Tenant, call: Call, values: dict[str, Any]) -> Person:
    now = tenant.now()
    kept = {name: value for name, value in values.items() if not name.startswith("@odata.")}
    kept.setdefault("userType", "Member")
    kept["createdDateTime"] = to_seconds(now)
    lag = max(call.lag, tenant.policy.replication_lag_seconds)
    return Person(tenant.ids.guid(), kept, now, now + timedelta(seconds=lag), "graph")


def get_user(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(rules.READABLE, rules.DEFAULT_SET)
    person = must_see(tenant, call)
    fragment = f"users({','.join(names)})/$entity" if "$select" in call.query else "users/$entity"
    return Answer(200, {"@odata.context": call.context(fragment), **shown(person, names)})


def list_users(tenant: Tenant, call: Call) -> Answer:
    """Only with a filter of one comparison: employeeId, userPrincipalName or mail eq."""
    if "$filter" not in call.query:
        raise not_modelled("GET /users without $filter")
    clauses = parse_filter(call.query["$filter"])
    names = call.selected(rules.READABLE, rules.DEFAULT_SET)
    clause = clauses[0]
    if len(clauses) != 1 or clause.op != "eq" or clause.path not in _FILTERS:
        raise not_modelled("this $filter on users")
    if not isinstance(clause.value, str):
        raise bad_request(f"Invalid filter clause: '{clause.path}' is a string.")
    people = tenant.people.find(clause.path, clause.value)
    found = [shown(person, names) for person in people if tenant.replicated(person, call.lag)]
    fragment = f"users({','.join(names)})" if "$select" in call.query else "users"
    return Answer(200, {"@odata.context": call.context(fragment), "value": found})


def update_user(tenant: Tenant, call: Call) -> Answer:
    body = {k: v for k, v in call.json_object().items() if not k.startswith("@odata.")}
    person = must_see(tenant, call)
    if "passwordProfile" in body:
        # Needs a directory role on the service principal, which an app has not by default.
        raise denied()
    rules.check_properties(body, rules.PATCHABLE)
    if person.sensitive and rules.SENSITIVE & set(body):
        raise denied()
    if person.properties.get("onPremisesSyncEnabled") and rules.SYNCED & set(body):
        raise bad_request(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or "
            "objects currently undergoing migration."
        )
    change_person(tenant, person, body)
    changes = [audit.modified(name, None, str(value)) for name, value in body.items()]
    tenant.audit.add(
        tenant.now(), audit.DIRECTORY, "Update user", actor=tenant.app, target=person, changes=changes
    )
    return Answer(204)


def change_person(tenant: Tenant, person: Person, changes: dict[str, Any]) -> None:
    tenant.people.change(person, changes)
    person.note(tenant.now())


def set_manager(tenant: Tenant, call: Call) -> Answer:
    body = call.json_object()
    if set(body) != {"@odata.id"} or not isinstance(body["@odata.id"], str):
        raise bad_request("The request body must be {'@odata.id': '<root>/users/{id}'}.")
    person = must_see(tenant, call)
    kind, _, key = body["@odata.id"].rstrip("/").rpartition("/")
    if not kind.endswith(("/users", "/directoryObjects")):
        raise bad_request("Not a valid reference update.")
    manager = must_see(tenant, call, key)
    person.manager_id = manager.id
    tenant.audit.add(
        tenant.now(),
        audit.DIRECTORY,
        "Set user manager",
        actor=tenant.app,
        target=person,
        changes=[audit.modified("Manager.ObjectID", None, manager.id)],
    )
    return Answer(204)


def get_manager(tenant: Tenant, call: Call) -> Answer:
    """404 when nobody is set (user-list-manager)."""
    names = call.selected(rules.READABLE, rules.DEFAULT_SET)
    person = must_see(tenant, call)
    manager = tenant.visible(person.manager_id, call.lag) if person.manager_id else None
    if manager is None:
        raise GraphError(
            404,
            "Request_ResourceNotFound",
            "Resource 'manager' does not exist or one of its queried reference-property objects are not "
            "present.",
        )
    found = shown(manager, names)
    fragment = "directoryObjects/$entity"
    kind = {"@odata.type": "#microsoft.graph.user"}
    return Answer(200, {"@odata.context": call.context(fragment), **kind, **found})
