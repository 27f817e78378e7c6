"""SmartRecruiters, candidate details."""

from __future__ import annotations

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, VendorError, Visit


def candidate(visit: Visit) -> Answer:
    if not visit.headers.get("x-smarttoken"):
        raise VendorError(401, {"message": "Unauthorized"})
    person = visit.person(VendorError(404, {"message": "Candidate not found"}))
    if person.hides("candidates"):
        raise VendorError(403, {"message": "Forbidden"})
    if person.raw is not None:
        return Answer(200, person.raw)
    return Answer(
        200,
        {
            "id": person.id,
            "firstName": person.get("given_name"),
            "lastName": person.get("family_name"),
            "email": person.get("personal_email"),
            "phoneNumber": person.phone("mobile"),
            "location": {"country": person.get("home_country"), "city": person.get("location")},
            "primaryAssignment": {
                "status": person.get("status") or "HIRED",
                "startDate": person.get("start_date"),
                "job": {"title": person.get("job_title")},
            },
        },
    )


API = Api("smartrecruiters", (("GET", "/candidates/{id}", (), candidate),))
