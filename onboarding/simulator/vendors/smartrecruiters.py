"""SmartRecruiters, candidate details. `secondary`: other applications of the person, each with `status`, `start_date`
and `job_title`, in the shape of the main one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
            "primaryAssignment": _assignment({**person.said, "status": person.get("status") or "HIRED"}),
            "secondaryAssignments": [_assignment(item) for item in person.get("secondary") or ()],
        },
    )


def _assignment(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": said.get("status"),
        "startDate": said.get("start_date"),
        "job": {"title": said.get("job_title")},
    }


API = Api("smartrecruiters", (("GET", "/candidates/{id}", (), candidate),))
