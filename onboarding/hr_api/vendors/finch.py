"""Finch: individual and employment of one id, in two batch calls of one. Bearer token of the connection.

Finch reads other systems: a null may be "not set" or "this provider does not say". Whoever is `terminated` (`retired`,
`deceased`) has left, also where the end is not said or lies before the first day. Who is not active, while no status
says why, is yet to begin where the first day lies ahead, and else may have left. Without the product `employment` that
call is refused, and what it would have said counts as withheld. Birth date and the like are never mapped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from onboarding.domain.hire import FetchRef, Hire, Phone
from onboarding.errors import Unavailable
from onboarding.hr_api.client import Client
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day, manager, number
from onboarding.ports import HrRecord, ReaderRefused, RecordGone, hr

VERSION = {"Finch-API-Version": "2020-09-17"}
#: https://developer.tryfinch.com/api-reference/organization/individual: type → label.
LABELS = {"work": "work", "personal": "mobile"}  # doubt: a personal number is a mobile one most of the time
#: https://developer.tryfinch.com/api-reference/organization/employment
FROM_EMPLOYMENT = ("start_date", "job_title", "department", "manager", "status")
#: https://github.com/Finch-API/finch-api-python/blob/main/src/finch/types/hris/employment_data.py: `employment_status`.
#: The others are `active`, `leave`, and of who is yet to begin `onboarding` and `prehire`.
GONE = frozenset({"terminated", "retired", "deceased"})
STAYS = frozenset({"active", "leave", "onboarding", "prehire"})


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """Two requests."""
    said = Said(await _one(client, "individual", ref.id))
    try:
        job = Said(await _one(client, "employment", ref.id), said)
    except ReaderRefused as exc:
        if exc.code != hr.PERMISSION:
            raise
        job = Said({})
        for field in FROM_EMPLOYMENT:
            said.withhold(field, ("employment",))
    said.empty("phones", "phone_numbers")
    hire = Hire(
        employee_id=ref.id,
        employee_number=job.text(
            "employee_number", "source_id"
        ),  # doubt: the provider's id, where there is one
        given_name=said.text("given_name", "first_name"),
        family_name=said.text("family_name", "last_name"),
        preferred_name=said.text("preferred_name", "preferred_name"),
        work_email=_email(said, "work"),
        personal_email=_email(said, "personal"),
        phones=tuple(item for entry in said.items("phone_numbers") for item in _phone(entry)),
        home_country=said.text("home_country", "residence.country"),
        work_country=job.text("work_country", "location.country"),
        location=job.text("location", "location.city"),
        job_title=job.text("job_title", "title"),
        department=job.text("department", "department.name"),
        employment_type=job.text("employment_type", "employment.subtype"),
        manager=manager(job.text("manager", "manager.id")),
        start_date=job.day("start_date", "start_date", iso_day),
        end_date=job.day("end_date", "end_date", iso_day),
        status=job.text("status", "employment_status"),
    )
    status = (hire.status or "").lower()
    silent = job.flag("is_active") is False and status not in GONE | STAYS
    return replace(said.record(hire), ended=status in GONE, inactive=silent)


async def _one(client: Client, what: str, identifier: str) -> dict[str, Any]:
    """The body of a batch of one. Each entry has a status of its own."""
    answer = await client.post(
        f"finch.{what}",
        f"/employer/{what}",
        {**client.bearer(), **VERSION},
        json={"requests": [{"individual_id": identifier}]},
    )
    entry = next(Said(answer).items("responses"), Said({}))
    code, body = entry.raw("code"), entry.raw("body")
    if code == 404:
        raise RecordGone(f"Finch has no such person ({what}).")
    if code in (401, 403):  # whatever type it has
        raise ReaderRefused(f"Finch may not read this ({what}).", code=hr.PERMISSION)
    if not isinstance(code, int) or not isinstance(body, dict):
        raise ReaderRefused(f"Finch answered in another form ({what}).", code=hr.UNREADABLE)
    if code != 200:
        raise Unavailable(f"Finch has not read it from the provider yet ({what}).")
    return body


def _email(said: Said, kind: str) -> str | None:
    found = (item.text(f"{kind}_email", "data") for item in said.items("emails") if item.raw("type") == kind)
    return next((value for value in found if value), None)


def _phone(entry: Said) -> list[Phone]:
    label = LABELS.get(str(entry.raw("type")), "other")
    return number(entry.text("phones", "data"), label, f"phone_numbers[{label}]")


READER = Reader(
    slug="finch",
    documents=(
        "https://developer.tryfinch.com/api-reference/organization/individual",
        "https://developer.tryfinch.com/api-reference/organization/employment",
    ),
    kinds=frozenset({"individual", "employment"}),
    read=read,
    root="https://api.tryfinch.com",
    credential="the access token of the connection",
)
