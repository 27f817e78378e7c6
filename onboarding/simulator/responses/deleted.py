"""Deleted users: listed, read, restored within 30 days, or deleted for good."""

from __future__ import annotations

from collections.abc import Iterator

from onboarding.simulator.call import Answer, Call
from onboarding.simulator.directory_query import Query, Row, fragment, listed
from onboarding.simulator.errors import bad_request, not_modelled, object_conflict, resource_not_found
from onboarding.simulator.models import audit
from onboarding.simulator.models.changes import PURGED, RESTORED
from onboarding.simulator.models.people import Person
from onboarding.simulator.models.tenant import Tenant
from onboarding.simulator.responses import properties as rules
from onboarding.simulator.responses.user_values import UserValues
from onboarding.simulator.responses.users import may_touch, tagged

_PARAMETERS = {"autoReconcileProxyConflict": bool, "newUserPrincipalName": str}


def _rows(tenant: Tenant) -> Iterator[Row]:
    now = tenant.now()
    for person in sorted(tenant.people.deleted.values(), key=lambda person: person.position):
        if person.restorable(now):
            yield person.position, UserValues(tenant, person)


def list_deleted(tenant: Tenant, call: Call) -> Answer:
    query = Query.of(call, rules.USERS)
    return listed(call, rules.USERS, query, _rows(tenant), fragment(call, "users", query.names))


def _deleted(tenant: Tenant, call: Call) -> Person:
    person = tenant.people.by_id.get(call.params["id"].lower())
    if person is None or not person.restorable(tenant.now()):
        raise resource_not_found(call.params["id"])
    return person


def get_deleted(tenant: Tenant, call: Call) -> Answer:
    names = call.selected(rules.USERS.selectable, rules.DEFAULT_SET)
    found = tagged(tenant, _deleted(tenant, call), names)
    context = call.context(fragment(call, "directoryObjects", names) + "/$entity")
    return Answer(200, {"@odata.context": context, **found})


def restore(tenant: Tenant, call: Call) -> Answer:
    """The user with methods, memberships and licences as they were. 400 when somebody else has the user name
    or the address by now; `newUserPrincipalName` and `autoReconcileProxyConflict` settle that."""
    wishes = call.json_object() if call.body is not None else {}
    for name, value in wishes.items():
        if name not in _PARAMETERS:
            raise not_modelled(f"the property '{name[:60]}' in this body")
        if not isinstance(value, _PARAMETERS[name]):
            raise bad_request(f"The value of parameter '{name}' has another type.")
    person = _deleted(tenant, call)
    may_touch(tenant, person)
    renamed = wishes.get("newUserPrincipalName")
    if renamed is not None:
        rules.check_user_name(renamed, tenant.domains)
    if tenant.people.get(renamed or person.upn) is not None:
        raise object_conflict("userPrincipalName")
    _settle_address(tenant, person, reconcile=bool(wishes.get("autoReconcileProxyConflict")))
    if renamed is not None:
        person.properties["userPrincipalName"] = renamed
    _back(tenant, person)
    found = tagged(tenant, person, rules.DEFAULT_SET)
    return Answer(200, {"@odata.context": call.context("directoryObjects/$entity"), **found})


def _settle_address(tenant: Tenant, person: Person, *, reconcile: bool) -> None:
    mail = person.properties.get("mail")
    if not mail or not tenant.people.find("mail", str(mail)):
        return
    if not reconcile:
        raise object_conflict("proxyAddresses")
    person.properties["mail"] = None


def _back(tenant: Tenant, person: Person) -> None:
    now = tenant.now()
    tenant.people.restore(person)
    for sku_id in person.licences:
        tenant.skus[sku_id].holders[person.id] = None
    person.note(now)
    tenant.changes.add(now, person.id, RESTORED)
    tenant.audit.add(now, audit.DIRECTORY, "Restore user", actor=tenant.app, target=person)


def purge(tenant: Tenant, call: Call) -> Answer:
    person = _deleted(tenant, call)
    may_touch(tenant, person)
    now = tenant.now()
    person.purged_at = now
    tenant.changes.add(now, person.id, PURGED)
    tenant.audit.add(
        now, audit.DIRECTORY, "Hard Delete user", actor=tenant.app, target=person, operation="Delete"
    )
    return Answer(204)
