"""Ashby: calls are POST, failures are 200 with `success: false`. One id serves as application and candidate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Handler, Person, VendorError, Visit


def _application(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "status": person.get("status") or "Hired",
        "candidate": {"id": f"candidate-{person.id}", "name": _name(person)},
        "job": {"id": "job-1", "title": person.get("job_title")},
    }


def _candidate(person: Person) -> dict[str, Any]:
    emails = [("Personal", person.get("personal_email")), ("Work", person.get("work_email"))]
    phones = [("Personal", person.phone("mobile")), ("Work", person.phone("work"))]
    return {
        "id": f"candidate-{person.id}",
        "name": _name(person),
        "emailAddresses": [{"value": v, "type": k, "isPrimary": k == "Personal"} for k, v in emails if v],
        "phoneNumbers": [{"value": v, "type": k, "isPrimary": k == "Personal"} for k, v in phones if v],
        "primaryLocation": {"locationSummary": person.get("location")},
    }


def _offers(person: Person) -> list[dict[str, Any]]:
    start = person.get("start_date")
    version = {"id": "v1", "startDate": start}
    return [{"id": "offer-1", "acceptanceStatus": "Accepted", "latestVersion": version}] if start else []


def _name(person: Person) -> str | None:
    parts = (person.get("given_name"), person.get("family_name"))
    return person.get("display_name") or " ".join(filter(None, parts)) or None


def _call(key: str, module: str, dress: Callable[[Person], Any]) -> Handler:
    def handler(visit: Visit) -> Answer:
        if visit.basic() is None:
            raise VendorError(401)
        identifier = str(visit.object().get(key, "")).removeprefix("candidate-")
        person = visit.find(identifier)
        if person is None:
            return Answer(200, {"success": False, "errors": [f"{module}_not_found"]})
        if person.hides(module):
            return Answer(200, {"success": False, "errors": ["missing_endpoint_permission"]})
        return Answer(200, {"success": True, "results": dress(person)})

    return handler


API = Api(
    "ashby",
    (
        ("POST", "/application.info", (), _call("applicationId", "application", _application)),
        ("POST", "/candidate.info", (), _call("id", "candidate", _candidate)),
        ("POST", "/offer.list", (), _call("applicationId", "start_date", _offers)),
    ),
)
