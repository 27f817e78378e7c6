"""Gusto, "Get an employee"."""

from __future__ import annotations

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, VendorError, Visit


def employee(visit: Visit) -> Answer:
    if visit.bearer() is None:
        raise VendorError(401, {"errors": [{"error_key": "base", "category": "unauthorized"}]})
    person = visit.person(VendorError(404, {"errors": [{"error_key": "base", "category": "not_found"}]}))
    if person.hides("employees"):
        raise VendorError(403, {"errors": [{"error_key": "base", "category": "missing_oauth_scopes"}]})
    if person.raw is not None:
        return Answer(200, person.raw)
    end = person.get("end_date")
    job = {"uuid": f"job-{person.id}", "primary": True, "title": person.get("job_title")}
    return Answer(
        200,
        {
            "uuid": person.id,
            "first_name": person.get("given_name"),
            "last_name": person.get("family_name"),
            "preferred_first_name": person.get("preferred_name"),
            "email": person.get("personal_email"),
            "work_email": person.get("work_email"),
            "phone": person.phone("mobile"),
            "department": person.get("department"),
            "employee_code": person.get("employee_number"),
            "manager_uuid": (person.get("manager") or {}).get("id"),
            "terminated": end is not None,
            "jobs": [{**job, "hire_date": person.get("start_date")}],
            "terminations": [{"active": True, "effective_date": end}] if end else [],
        },
    )


API = Api("gusto", (("GET", "/v1/employees/{id}", (), employee),))
