"""What the HR systems of the demo write: bodies in the shapes of their vendors, before they are signed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from onboarding.cli.demo.people import Person

DOMAIN = "contoso.example"
MANAGERS = ("Petra Vogel", "Marcus Bell", "Ingrid Dahl", "Carlos Reyes")


def address(name: str) -> str:
    """The work address of somebody who was there before: `Ida Nilsson` → `ida.nilsson@…`."""
    return f"{name.lower().replace(' ', '.')}@{DOMAIN}"


def own_address(person: Person) -> str:
    """The person's own mail address, made up."""
    return f"person-{person.employee_id}@personal.example"


def start_day(person: Person, first_day: date) -> date:
    """The person's first day of work."""
    return first_day + timedelta(days=person.start or 0)


def event(person: Person, kind: str, first_day: date, at: datetime, **other: Any) -> dict[str, Any]:
    """One `HireEvent` body of the standard-webhooks door. `other` overwrites; None leaves a member out."""
    manager = MANAGERS[person.manager or 0]
    phone = {"raw": person.phone, "label": "mobile", "country_hint": person.phone_country}
    body: dict[str, Any] = {
        "schema_version": "1.0",
        "event_type": kind,
        "occurred_at": at.astimezone(UTC).isoformat(),
        "employee_id": person.employee_id,
        "given_name": person.given,
        "family_name": person.family,
        "personal_email": own_address(person),
        "work_country": person.country,
        "job_title": "Analyst",
        "department": "Operations",
        "manager": {"email": address(manager), "name": manager},
        "start_date": start_day(person, first_day).isoformat(),
        "locale": person.locale,
        "timezone": person.zone,
        "phones": [phone] if person.phone else [],
        **other,
    }
    return {name: value for name, value in body.items() if value is not None}


def offer(person: Person, first_day: date, action: str, status: str) -> dict[str, Any]:
    """Greenhouse `offer_created` (status Created) or `offer_updated` (Accepted, sent with the hire). Dates as
    04/15/2013, and no name: developers.greenhouse.io/webhooks.html, "Offer events".
    """
    number = int(person.employee_id)
    return {
        "action": action,
        "payload": {
            "id": number + 900_000,
            "application_id": number + 500_000,
            "candidate_id": number,
            "job_id": 1,
            "start_date": start_day(person, first_day).strftime("%m/%d/%Y"),
            "offer_status": status,
        },
    }


def hired(person: Person, first_day: date) -> dict[str, Any]:
    """Greenhouse `hire_candidate`: the offer was accepted. Dates as 2015-01-23, and no manager."""
    number, place = int(person.employee_id), f"Main Street 1, {person.country}"
    job = {
        "id": 1,
        "name": "Analyst",
        "departments": [{"id": 1, "name": "Operations"}],
        "offices": [{"id": 1, "name": person.country, "location": place}],
    }
    candidate = {
        "id": number,
        "first_name": person.given,
        "last_name": person.family,
        "external_id": None,
        "phone_numbers": [{"value": person.phone, "type": "mobile"}] if person.phone else [],
        "email_addresses": [{"value": own_address(person), "type": "personal"}],
        "addresses": [{"value": place, "type": "home"}],
    }
    accepted = {"id": number + 900_000, "starts_at": start_day(person, first_day).isoformat()}
    application = {"id": number + 500_000, "candidate": candidate, "jobs": [job], "offer": accepted}
    return {"action": "hire_candidate", "payload": {"application": application}}
