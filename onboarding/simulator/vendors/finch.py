"""Finch, "Individual" and "Employment": batches, of which each entry has a status of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Handler, Person, VendorError, Visit


def _individual(person: Person) -> dict[str, Any]:
    emails = [("work", person.get("work_email")), ("personal", person.get("personal_email"))]
    phones = [("personal", person.phone("mobile")), ("work", person.phone("work"))]
    return {
        "id": person.id,
        "first_name": person.get("given_name"),
        "middle_name": None,
        "last_name": person.get("family_name"),
        "preferred_name": person.get("preferred_name"),
        "emails": [{"data": value, "type": kind} for kind, value in emails if value],
        "phone_numbers": [{"data": value, "type": kind} for kind, value in phones if value],
        "dob": "1970-01-01",
        "residence": {"country": person.get("home_country")},
    }


def _employment(person: Person) -> dict[str, Any]:
    manager, status = person.get("manager") or {}, str(person.get("status") or "active").lower()
    return {
        "id": person.id,
        "title": person.get("job_title"),
        "department": {"name": person.get("department")},
        "manager": {"id": manager.get("id")} if manager else None,
        "employment": {"type": "employee", "subtype": person.get("employment_type")},
        "start_date": person.get("start_date"),
        "end_date": person.get("end_date"),
        "employment_status": status,
        "is_active": status in {"active", "leave"},
        "location": {"country": person.get("work_country"), "city": person.get("location")},
        "source_id": person.get("employee_number"),
    }


def _batch(product: str, dress: Callable[[Person], dict[str, Any]]) -> Handler:
    def handler(visit: Visit) -> Answer:
        if visit.bearer() is None:
            raise VendorError(401, {"code": 401, "name": "unauthorized"})
        if "finch-api-version" not in visit.headers:
            raise VendorError(400, {"code": 400, "name": "invalid_request_error"})
        requests = visit.object().get("requests")
        if not isinstance(requests, list):
            raise VendorError(400, {"code": 400, "name": "invalid_request_error"})
        return Answer(
            200, {"responses": [_entry(visit, str(item.get("individual_id"))) for item in requests]}
        )

    def _entry(visit: Visit, identifier: str) -> dict[str, Any]:
        person = visit.find(identifier)
        if person is None:
            return {"individual_id": identifier, "code": 404, "body": {"name": "not_found"}}
        if person.hides(product):
            raise VendorError(403, {"code": 403, "name": "insufficient_scope_error"})
        return {"individual_id": identifier, "code": 200, "body": dress(person)}

    return handler


API = Api(
    "finch",
    (
        ("POST", "/employer/individual", (), _batch("individual", _individual)),
        ("POST", "/employer/employment", (), _batch("employment", _employment)),
    ),
)
