"""BambooHR: one employee with a list of fields. Basic authentication with the API key as user.

A field that the key's user may not see is left out of the answer without a word; an empty one is null or "". Dates are
YYYY-MM-DD, "0000-00-00" is "not set". `onlyCurrent=false` shows values that only begin on the first day, such as the
job of somebody who is hired for next month. Status Inactive with a termination date says that the person left on that
day, or will not come at all where it is not after the hire date. `country` is that of the employee's address; of the
place of work there is a name only (`location`), so the country of work is known only where an office is called by it.
"""

from __future__ import annotations

from dataclasses import replace

from onboarding.domain.hire import FetchRef, Hire
from onboarding.domain.places.offices import country_of_office
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day, manager, number
from onboarding.ports import HrRecord

#: https://documentation.bamboohr.com/reference/get-employee and specs/public.yaml of BambooHR/bhr-api-php.
#: Ours → theirs.
TEXTS = {
    "given_name": "firstName",
    "family_name": "lastName",
    "preferred_name": "preferredName",
    "employee_number": "employeeNumber",
    "work_email": "workEmail",
    "personal_email": "homeEmail",
    "home_country": "country",  # a full English name; stands with the address lines, as in field-based events
    "location": "location",
    "department": "department",
    "job_title": "jobTitle",
    "status": "status",
}
DATES = {
    "start_date": "hireDate",
    "original_start_date": "originalHireDate",
    "end_date": "terminationDate",
}
PHONES = {"mobilePhone": "mobile", "homePhone": "home", "workPhone": "work"}
#: Doubt: whether every account knows the last two; without them the manager is a name only.
MANAGER = ("supervisor", "supervisorEmail", "supervisorEId")
#: An extension has its own field: it is kept apart from the number.
EXTENSION = "workPhoneExtension"
FIELDS = (*TEXTS.values(), *DATES.values(), *PHONES, EXTENSION, *MANAGER)


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request."""
    answer = await client.get(
        "bamboohr.employee",
        f"/api/v1/employees/{segment(ref.id)}",
        client.basic("x"),
        {"fields": ",".join(FIELDS), "onlyCurrent": "false"},
    )
    said = Said(answer)
    texts = {ours: said.text(ours, theirs) for ours, theirs in TEXTS.items()}
    days = {ours: said.day(ours, theirs, iso_day) for ours, theirs in DATES.items()}
    for ours, theirs in {**TEXTS, **DATES}.items():
        said.withhold(ours, theirs)
    for field, label in PHONES.items():
        said.withhold(f"phones[{label}]", field)
    said.withhold("manager", *MANAGER)
    phones = [
        item
        for field, label in PHONES.items()
        for item in number(said.text(f"phones[{label}]", field), label, field)
    ]
    hire = Hire(
        employee_id=said.text("employee_id", "id") or ref.id,
        phones=tuple(phones),
        manager=manager(
            said.text("manager", "supervisorEId"),
            said.text("manager", "supervisorEmail"),
            said.text("manager", "supervisor"),
        ),
        work_country=country_of_office(texts["location"]),
        **texts,  # type: ignore[arg-type]
        **days,  # type: ignore[arg-type]
    )
    inactive = (hire.status or "").lower() == "inactive"
    record = said.record(hire)
    named = hire.work_country is not None or "location" in record.withheld
    return replace(
        record,
        ended=inactive and hire.end_date is not None,
        cleared=record.cleared if named else (*record.cleared, "work_country"),
    )


READER = Reader(
    slug="bamboohr",
    documents=(
        "https://documentation.bamboohr.com/reference/get-employee",
        "https://github.com/BambooHR/bhr-api-php/blob/main/specs/public.yaml",
    ),
    kinds=frozenset({"employee"}),
    read=read,
    credential="an API key of BambooHR",
)
