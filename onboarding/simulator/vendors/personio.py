"""Personio, version 1: a token by client id and secret, an employee whose attributes have label and value."""

from __future__ import annotations

from typing import Any

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Person, VendorError, Visit

#: Theirs → (label, ours).
ATTRIBUTES = {
    "first_name": ("First name", "given_name"),
    "last_name": ("Last name", "family_name"),
    "preferred_name": ("Preferred name", "preferred_name"),
    "email": ("Email", "work_email"),
    "position": ("Position", "job_title"),
    "employment_type": ("Employment type", "employment_type"),
    "status": ("Status", "status"),
    "hire_date": ("Hire date", "start_date"),
    "termination_date": ("Termination date", "end_date"),
}
#: Customers add one of their own.
PHONES = {"dynamic_1001": ("Mobile phone", "mobile"), "dynamic_1002": ("Work phone", "work")}
_TOKEN = "pretend-personio-"  # noqa: S105 - a prefix


def auth(visit: Visit) -> Answer:
    body = visit.object()
    if not (body.get("client_id") and body.get("client_secret")):
        raise VendorError(403, _failed("Wrong credentials"))
    return Answer(200, {"success": True, "data": {"token": f"{_TOKEN}{body['client_id']}"}})


def employee(visit: Visit) -> Answer:
    if not (visit.bearer() or "").startswith(_TOKEN):
        raise VendorError(401, _failed("Unauthorized"))
    person = visit.person(VendorError(404, _failed("Employee not found")))
    if person.raw is not None:
        return Answer(200, person.raw)
    return Answer(200, {"success": True, "data": {"type": "Employee", "attributes": _attributes(person)}})


def _attributes(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = {"id": _item("ID", int(person.id) if person.id.isdigit() else person.id)}
    for key, (label, ours) in ATTRIBUTES.items():
        if not person.hides(ours):
            value = person.get(ours)
            dated = value and key.endswith("_date")
            found[key] = _item(label, f"{value}T00:00:00+02:00" if dated else value)
    for key, (label, ours) in PHONES.items():
        if not person.hides("phones") and not person.hides(ours):
            found[key] = _item(label, person.phone(ours))
    for key, ours in (("department", "department"), ("office", "location")):
        if not person.hides(ours):
            found[key] = _item(key.title(), _named(key, person.get(ours)))
    manager = person.get("manager") or {}
    found["supervisor"] = _item("Supervisor", _supervisor(manager) if manager else None)
    return found


def _item(label: str, value: Any) -> dict[str, Any]:
    return {"label": label, "value": value, "type": "standard", "universal_id": None}


def _named(kind: str, name: Any) -> Any:
    return name and {"type": kind.title(), "attributes": {"id": 1, "name": name}}


def _supervisor(manager: dict[str, Any]) -> dict[str, Any]:
    given, _, family = str(manager.get("name") or "").partition(" ")
    attributes = {
        "id": _item("ID", manager.get("id")),
        "first_name": _item("First name", given),
        "last_name": _item("Last name", family),
        "email": _item("Email", manager.get("email")),
    }
    return {"type": "Employee", "attributes": attributes}


def _failed(message: str) -> dict[str, Any]:
    return {"success": False, "error": {"code": 0, "message": message}}


API = Api("personio", (("POST", "/v1/auth", (), auth), ("GET", "/v1/company/employees/{id}", (), employee)))
