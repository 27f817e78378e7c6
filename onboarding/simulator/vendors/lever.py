"""Lever: an opportunity, and its offers with dates in milliseconds."""

from __future__ import annotations

from datetime import date

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Person, VendorError, Visit

_MISSING = {"code": "ResourceNotFound", "message": "Opportunity was not found"}


def _known(visit: Visit) -> Person:
    if visit.basic() is None:
        raise VendorError(401, {"code": "NotAuthorized", "message": "unauthorized"})
    return visit.person(VendorError(404, _MISSING))


def opportunity(visit: Visit) -> Answer:
    person = _known(visit)
    if person.raw is not None:
        return Answer(200, person.raw)
    name = " ".join(filter(None, (person.get("given_name"), person.get("family_name"))))
    phones = [("mobile", person.phone("mobile")), ("work", person.phone("work"))]
    data = {
        "id": person.id,
        "name": person.get("display_name") or name or None,
        "contact": f"contact-{person.id}",
        "emails": [value for value in (person.get("personal_email"),) if value],
        "phones": [{"type": kind, "value": value} for kind, value in phones if value],
        "location": person.get("location"),
        "archived": None,
    }
    return Answer(200, {"data": data})


def offers(visit: Visit) -> Answer:
    person = _known(visit)
    if person.hides("start_date"):
        raise VendorError(403, {"code": "Forbidden", "message": "offers:read:admin is needed"})
    start = person.get("start_date")
    if start is None:
        return Answer(200, {"data": []})
    millis = (date.fromisoformat(start) - date(1970, 1, 1)).days * 86_400_000
    fields = [
        {"text": "Anticipated start date", "identifier": "anticipated_start_date", "value": millis},
        {"text": "Job title", "identifier": "job_title", "value": person.get("job_title")},
    ]
    return Answer(200, {"data": [{"id": f"offer-{person.id}", "status": "signed", "fields": fields}]})


API = Api(
    "lever",
    (
        ("GET", "/v1/opportunities/{id}", (), opportunity),
        ("GET", "/v1/opportunities/{id}/offers", (), offers),
    ),
)
