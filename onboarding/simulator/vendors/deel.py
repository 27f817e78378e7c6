"""Deel, "Retrieve a single person" and "Retrieve a single contract". The shapes are those of public descriptions."""

from __future__ import annotations

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, VendorError, Visit


def person(visit: Visit) -> Answer:
    if visit.bearer() is None:
        raise VendorError(401, {"errors": [{"message": "Unauthorized"}]})
    found = visit.person(VendorError(404, {"errors": [{"message": "Person not found"}]}))
    if found.hides("people"):
        raise VendorError(403, {"errors": [{"message": "Forbidden"}]})
    if found.raw is not None:
        return Answer(200, found.raw)
    manager = found.get("manager")
    data = {
        "id": found.id,
        "worker_id": found.get("employee_number"),
        "first_name": found.get("given_name"),
        "last_name": found.get("family_name"),
        "preferred_first_name": found.get("preferred_name"),
        "emails": [
            {"type": "work", "value": found.get("work_email")},
            {"type": "personal", "value": found.get("personal_email")},
        ],
        "phone_numbers": [{"type": "mobile", "value": found.phone("mobile")}],
        "job_title": found.get("job_title"),
        "department": {"name": found.get("department")},
        "country": found.get("home_country"),
        "hiring_status": found.get("status"),
        "hiring_type": found.get("employment_type"),
        "start_date": found.get("start_date") and f"{found.get('start_date')}T00:00:00.000Z",
        "termination_date": found.get("end_date"),
        "employments": found.get("employments") or [],
        "direct_manager": manager
        and {"id": manager.get("id"), "name": manager.get("name"), "work_email": manager.get("email")},
    }
    return Answer(200, {"data": data})


def contract(visit: Visit) -> Answer:
    """A contract is put like a person, with the worker's profile id as `profile`; without one it has no worker."""
    if visit.bearer() is None:
        raise VendorError(401, {"errors": [{"message": "Unauthorized"}]})
    found = visit.person(VendorError(404, {"errors": [{"message": "Contract not found"}]}))
    if found.hides("contracts"):
        raise VendorError(403, {"errors": [{"message": "Forbidden"}]})
    if found.raw is not None:
        return Answer(200, found.raw)
    given, family = found.get("given_name"), found.get("family_name")
    start, end = found.get("start_date"), found.get("end_date")
    worker = {
        "id": found.get("profile"),
        "first_name": given,
        "last_name": family,
        "full_name": " ".join(filter(None, (given, family))) or None,
        "email": found.get("personal_email"),
        "country": found.get("home_country"),
    }
    data = {
        "id": found.id,
        "type": found.get("employment_type") or "ongoing_time_based",
        "status": found.get("status") or "in_progress",
        "worker": worker,
        "job_title": found.get("job_title"),
        "start_date": start and f"{start}T00:00:00.000Z",
        "termination_date": end and f"{end}T00:00:00.000Z",
        "signatures": {"signed_at": found.get("signed_at")},
    }
    return Answer(200, {"data": data})


API = Api(
    "deel",
    (("GET", "/rest/v2/people/{id}", (), person), ("GET", "/rest/v2/contracts/{id}", (), contract)),
)
