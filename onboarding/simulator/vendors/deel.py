"""Deel, "Retrieve a single person". The shape is that of public descriptions: inferred."""

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
        "direct_manager": manager
        and {"id": manager.get("id"), "name": manager.get("name"), "work_email": manager.get("email")},
    }
    return Answer(200, {"data": data})


API = Api("deel", (("GET", "/rest/v2/people/{id}", (), person),))
