"""Gusto: one employee by uuid. OAuth bearer token of the company's connection.

`email` is the private address and `work_email` the company's. The first day is that of the primary job. The answer
shows every field whatever the scopes are; without `employees:read` the call itself is refused.
"""

from __future__ import annotations

from onboarding.domain.hire import FetchRef, Hire
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day, manager, number
from onboarding.ports import HrRecord

#: https://docs.gusto.com/app-integrations/reference/get-v1-employees. Ours → theirs.
TEXTS = {
    "given_name": "first_name",
    "family_name": "last_name",
    "preferred_name": "preferred_first_name",
    "personal_email": "email",
    "work_email": "work_email",
    "department": "department",
    "employee_number": "employee_code",  # doubt: not in every version
}


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request."""
    said = Said(await client.get("gusto.employee", f"/v1/employees/{segment(ref.id)}", client.bearer()))
    jobs = list(said.items("jobs"))
    job = next((item for item in jobs if item.flag("primary")), jobs[0] if jobs else Said({}))
    ended = next((item for item in said.items("terminations") if item.flag("active") is not False), Said({}))
    if said.flag("terminated") is False:
        said.empty("end_date", "terminations")
    hire = Hire(
        employee_id=said.text("employee_id", "uuid") or ref.id,
        phones=tuple(number(said.text("phones", "phone"), "other", "phone")),
        job_title=job.text("job_title", "title"),
        start_date=job.day("start_date", "hire_date", iso_day),
        end_date=ended.day("end_date", "effective_date", iso_day) if said.flag("terminated") else None,
        manager=manager(said.text("manager", "manager_uuid")),
        home_country="US",  # Gusto pays in the United States only
        **{ours: said.text(ours, theirs) for ours, theirs in TEXTS.items()},  # type: ignore[arg-type]
    )
    return said.record(hire)


READER = Reader(
    slug="gusto",
    documents=("https://docs.gusto.com/app-integrations/reference/get-v1-employees",),
    kinds=frozenset({"employee"}),
    read=read,
    root="https://api.gusto.com",
    credential="an OAuth access token with employees:read",
)
