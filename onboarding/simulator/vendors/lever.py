"""Lever: an opportunity, its offers with dates in milliseconds, and the reasons for archiving.

`status` of the person: `hired` (also without one), `active`, or anything else for another reason.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from onboarding.simulator.call import Answer
from onboarding.simulator.vendors.people import Api, Person, VendorError, Visit

HIRED = "reason-hired"
_MISSING = {"code": "ResourceNotFound", "message": "Opportunity was not found"}


def _known(visit: Visit) -> Person:
    if visit.basic() is None:
        raise VendorError(401, {"code": "NotAuthorized", "message": "unauthorized"})
    return visit.person(VendorError(404, _MISSING))


def opportunity(visit: Visit) -> Answer:
    person = _known(visit)
    return Answer(200, person.raw if person.raw is not None else {"data": _opportunity(person)})


def opportunities(visit: Visit) -> Answer:
    """Those of a contact."""
    if visit.basic() is None:
        raise VendorError(401, {"code": "NotAuthorized", "message": "unauthorized"})
    if "contact_id" not in visit.query or visit.query.get("archived") != "true":
        raise VendorError(
            501, {"code": "NotModelled", "message": "contact_id and archived=true are modelled"}
        )
    found = [_opportunity(person) for person in visit.everybody() if person.raw is None]
    data = [item for item in found if item["contact"] == visit.query["contact_id"] and item["archived"]]
    return Answer(200, {"data": data, "hasNext": False})


def _opportunity(person: Person) -> dict[str, Any]:
    name = " ".join(filter(None, (person.get("given_name"), person.get("family_name"))))
    phones = [("mobile", person.phone("mobile")), ("work", person.phone("work"))]
    return {
        "id": person.id,
        "name": person.get("display_name") or name or None,
        "contact": person.get("contact") or f"contact-{person.id}",
        "emails": [value for value in (person.get("personal_email"),) if value],
        "phones": [{"type": kind, "value": value} for kind, value in phones if value],
        "location": person.get("location"),
        "archived": _archived(str(person.get("status") or "hired").lower()),
    }


def _archived(status: str) -> dict[str, Any] | None:
    if status == "active":
        return None
    return {"reason": HIRED if status == "hired" else "reason-other", "archivedAt": 1_407_460_069_499}


def archive_reasons(visit: Visit) -> Answer:
    if visit.basic() is None:
        raise VendorError(401, {"code": "NotAuthorized", "message": "unauthorized"})
    reasons = [(HIRED, "Hired", "hired"), ("reason-other", "Underqualified", "non-hired")]
    wanted = visit.query.get("type")
    data = [{"id": key, "text": text, "type": kind, "status": "active"} for key, text, kind in reasons]
    return Answer(200, {"data": [item for item in data if wanted in {None, item["type"]}]})


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
        ("GET", "/v1/opportunities", ("contact_id", "archived"), opportunities),
        ("GET", "/v1/opportunities/{id}", (), opportunity),
        ("GET", "/v1/opportunities/{id}/offers", (), offers),
        ("GET", "/v1/archive_reasons", ("type",), archive_reasons),
    ),
)
