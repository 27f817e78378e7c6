"""Deel: one person by HRIS profile id. Bearer token with `people:read`.

Doubts: the page describes the answer's `data` without its fields, so the names are those of public descriptions of it;
what is not there is "not said", never an error.
"""

from __future__ import annotations

from onboarding.domain.hire import FetchRef, Hire, Phone
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day_of_instant, manager, number
from onboarding.ports import HrRecord

#: https://developer.deel.com/api/reference/endpoints/people/get-person-by-id. Ours → theirs.
TEXTS = {
    "given_name": "first_name",
    "family_name": "last_name",
    "preferred_name": "preferred_first_name",
    "employee_number": "worker_id",
    "job_title": "job_title",
    "home_country": "country",
    "department": "department.name",
    "legal_entity": "client_legal_entity.name",
    "employment_type": "hiring_type",
    "timezone": "timezone",
}
DATES = {"start_date": "start_date", "end_date": "termination_date"}
EMAILS = {"work_email": "work", "personal_email": "personal"}


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request."""
    said = Said(await client.get("deel.person", f"/rest/v2/people/{segment(ref.id)}", client.bearer())).part(
        "data"
    )
    boss = said.part("direct_manager")
    said.empty("manager", "direct_manager")
    said.empty("phones", "phone_numbers")
    hire = Hire(
        employee_id=said.text("employee_id", "id") or ref.id,
        phones=tuple(item for entry in said.items("phone_numbers") for item in _phone(entry)),
        manager=manager(
            boss.text("manager", "id"), boss.text("manager", "work_email"), boss.text("manager", "name")
        ),
        status=said.text("status", "hiring_status"),
        **{ours: said.text(ours, theirs) for ours, theirs in TEXTS.items()},  # type: ignore[arg-type]
        **{ours: _email(said, ours, kind) for ours, kind in EMAILS.items()},  # type: ignore[arg-type]
        **{ours: said.day(ours, theirs, iso_day_of_instant) for ours, theirs in DATES.items()},  # type: ignore[arg-type]
    )
    return said.record(hire)


def _email(said: Said, ours: str, kind: str) -> str | None:
    found = (item.text(ours, "value") for item in said.items("emails") if item.raw("type") == kind)
    return next((value for value in found if value), None)


def _phone(entry: Said) -> list[Phone]:
    label = str(entry.raw("type")).lower()
    label = label if label in {"mobile", "work", "home"} else "other"
    return number(entry.text("phones", "value"), label, f"phone_numbers[{label}]")


READER = Reader(
    slug="deel",
    documents=("https://developer.deel.com/api/reference/endpoints/people/get-person-by-id",),
    kinds=frozenset({"person"}),
    read=read,
    root="https://api.letsdeel.com",
    credential="an API token with people:read",
)
