"""HiBob, "Read company employee fields": slash keys, silent omission, reads 20 seconds behind."""

from __future__ import annotations

from typing import Any

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Person, VendorError, Visit

FIELDS = {
    "root.id": "id",
    "root.firstName": "given_name",
    "root.surname": "family_name",
    "root.displayName": "display_name",
    "root.email": "work_email",
    "home.privateEmail": "personal_email",
    "work.employeeIdInCompany": "employee_number",
    "work.startDate": "start_date",
    "work.title": "job_title",
    "work.department": "department",
    "work.site": "location",
    "work.reportsTo": "manager",
    "address.country": "home_country",
    "internal.status": "status",
    "internal.terminationDate": "end_date",
}
PHONES = {
    "home.mobilePhone": "mobile",
    "work.workMobile": "work_mobile",
    "work.workPhone": "work",
    "home.phone": "home",
}
#: In machine form these are ids of list items.
LISTS = ("work.title", "work.department", "work.site", "address.country")
LAG = 20.0


def people(visit: Visit) -> Answer:
    if visit.basic() is None:
        raise VendorError(401, {"error": "unauthorized"})
    body = visit.object()
    human = body.get("humanReadable")
    if set(body) - {"fields", "humanReadable"} or human not in {None, "APPEND"}:
        raise VendorError(501, {"error": "The simulator models fields and humanReadable APPEND."})
    person = visit.person(VendorError(404, {"error": "employee not found"}))
    if person.raw is not None:
        return Answer(200, person.raw)
    fields = [name for name in body.get("fields", []) if isinstance(name, str) and _known(person, name)]
    found = {_key(name): {"value": _machine(person, name)} for name in fields}
    if human:
        found["humanReadable"] = {_key(name): {"value": _value(person, name)} for name in fields}
    return Answer(200, found)


def _key(name: str) -> str:
    return "/" + name.replace(".", "/")


def _known(person: Person, name: str) -> bool:
    ours = FIELDS.get(name) or PHONES.get(name)
    hidden = person.hides(ours or "") or (name in PHONES and person.hides("phones"))
    return ours is not None and not hidden


def _value(person: Person, name: str) -> Any:
    if name == "root.id":
        return person.id
    return person.phone(PHONES[name]) if name in PHONES else person.get(FIELDS[name])


def _machine(person: Person, name: str) -> Any:
    found = _value(person, name)
    if name == "work.reportsTo" and isinstance(found, dict):
        return {"id": found.get("id"), "email": found.get("email"), "displayName": found.get("name")}
    return str(1000 + len(str(found))) if name in LISTS and found is not None else found


API = Api("hibob", (("POST", "/v1/people/{id}", (), people),), lag=LAG)
