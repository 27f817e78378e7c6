"""BambooHR, "Get Employee": only the fields that were asked for, and of those none that the key may not see."""

from __future__ import annotations

from typing import Any

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Person, VendorError, Visit

#: Theirs → ours. What we have no field for is an empty text.
FIELDS = {
    "firstName": "given_name",
    "lastName": "family_name",
    "preferredName": "preferred_name",
    "employeeNumber": "employee_number",
    "workEmail": "work_email",
    "homeEmail": "personal_email",
    "country": "home_country",
    "location": "location",
    "department": "department",
    "jobTitle": "job_title",
    "status": "status",
    "hireDate": "start_date",
    "originalHireDate": "original_start_date",
    "terminationDate": "end_date",
}
#: The one country that BambooHR has, that of the address: of somebody of whom only the place of work is told, its.
COUNTRY = "country"
#: Parts of the manager; without them a name only.
MANAGER = {"supervisor": "name", "supervisorEmail": "email", "supervisorEId": "id"}
PHONES = {"mobilePhone": "mobile", "homePhone": "home", "workPhone": "work"}
_EMPTY = {"terminationDate": "0000-00-00"}


def employee(visit: Visit) -> Answer:
    if visit.basic() is None:
        raise VendorError(401)
    person = visit.person(VendorError(404))
    if person.raw is not None:
        return Answer(200, person.raw)
    wanted = [name for name in visit.query.get("fields", "").split(",") if name]
    return Answer(200, {"id": person.id, **{n: _value(person, n) for n in wanted if not _hidden(person, n)}})


def _hidden(person: Person, name: str) -> bool:
    return (
        person.hides(FIELDS.get(name, ""))
        or (name == COUNTRY and person.hides("work_country"))
        or person.hides(PHONES.get(name, ""))
        or (name in PHONES and person.hides("phones"))
    )


def _value(person: Person, name: str) -> Any:
    if name in MANAGER:
        return (person.get("manager") or {}).get(MANAGER[name])
    found = person.phone(PHONES[name]) if name in PHONES else person.get(FIELDS.get(name, ""))
    if name == COUNTRY and found is None:
        found = person.get("work_country")
    return _EMPTY.get(name) if found is None else found


API = Api("bamboohr", (("GET", "/api/v1/employees/{id}", ("fields", "onlyCurrent"), employee),))
