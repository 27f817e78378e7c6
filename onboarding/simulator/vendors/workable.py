"""Workable: an employee in the fields of its webhook, and a candidate.

https://workable.readme.io/reference/employeesid: `member_id` is required for account tokens, optional for user tokens;
400 is the one refusal that is documented. Here a token that begins with `account` is one of the account. Inferred: that
a missing `member_id` is answered by 400, and in which words.
"""

from __future__ import annotations

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Person, VendorError, Visit

#: How a token of the account begins here.
OF_ACCOUNT = "account"


def _known(visit: Visit) -> Person:
    if visit.bearer() is None:
        raise VendorError(401, {"error": "Not authorized"})
    return visit.person(VendorError(404, {"error": "Not found"}))


def employee(visit: Visit) -> Answer:
    if (visit.bearer() or "").startswith(OF_ACCOUNT) and not visit.query.get("member_id"):
        raise VendorError(400, {"error": "member_id is missing"})
    person = _known(visit)
    if person.raw is not None:
        return Answer(200, person.raw)
    phones = [("phone_type_mobile", person.phone("mobile")), ("phone_type_work", person.phone("work"))]
    start = person.get("start_date")
    return Answer(
        200,
        {
            "id": person.id,
            "firstname": person.get("given_name"),
            "lastname": person.get("family_name"),
            "employee_number": person.get("employee_number"),
            "work_email": person.get("work_email"),
            "personal_email": [{"value": person.get("personal_email"), "is_primary": True}],
            "job_title": person.get("job_title"),
            "department": person.get("department"),
            "start_date": start and f"{start}T16:56:33.000Z",
            "status": person.get("status") or "status_active",
            "phone_group": [
                {"value": {"phone": value, "phone_type": kind}, "is_primary": kind.endswith("mobile")}
                for kind, value in phones
                if value
            ],
        },
    )


def candidate(visit: Visit) -> Answer:
    person = _known(visit)
    data = {
        "id": person.id,
        "firstname": person.get("given_name"),
        "lastname": person.get("family_name"),
        "email": person.get("personal_email"),
        "phone": person.phone("mobile"),
        "job": {"title": person.get("job_title")},
        "hired_at": person.get("hired_at"),
        "disqualified": False,
    }
    return Answer(200, {"candidate": data})


API = Api(
    "workable",
    (
        ("GET", "/spi/v3/employees/{id}", ("member_id",), employee),
        ("GET", "/spi/v3/candidates/{id}", (), candidate),
    ),
)
