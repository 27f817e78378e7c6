"""SmartRecruiters: one candidate. API key in the header X-SmartToken.

A candidate is not an employee: only the status HIRED of the main application makes one. Nothing is left out for want of
permission; a missing right refuses the call.
"""

from __future__ import annotations

from onboarding.domain.hire import Certainty, FetchRef, Hire
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day_of_instant, number
from onboarding.ports import HrRecord

#: https://developers.smartrecruiters.com/reference/candidatesget-1 (candidate details). Doubts: the names within
#: `primaryAssignment`, and where the first day stands.
STATUS = {"HIRED": Certainty.EMPLOYEE, "OFFERED": Certainty.OFFER}
WITHDRAWN = frozenset({"REJECTED", "WITHDRAWN"})
START = ("primaryAssignment.startDate", "primaryAssignment.application.startDate", "startDate")


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request."""
    headers = {"X-SmartToken": client.token()}
    said = Said(await client.get("smartrecruiters.candidate", f"/candidates/{segment(ref.id)}", headers))
    status = (said.text("status", "primaryAssignment.status") or "").upper()
    days = (said.day("start_date", place, iso_day_of_instant) for place in START)
    hire = Hire(
        candidate_id=said.text("candidate_id", "id") or ref.id,
        given_name=said.text("given_name", "firstName"),
        family_name=said.text("family_name", "lastName"),
        personal_email=said.text("personal_email", "email"),
        phones=tuple(number(said.text("phones", "phoneNumber"), "other", "phoneNumber")),
        home_country=said.text("home_country", "location.countryCode")
        or said.text("home_country", "location.country"),
        job_title=said.text("job_title", "primaryAssignment.job.title"),
        start_date=next((day for day in days if day), None),
        status=status or None,
    )
    return said.record(hire, certainty=STATUS.get(status, Certainty.CANDIDATE), withdrawn=status in WITHDRAWN)


READER = Reader(
    slug="smartrecruiters",
    documents=("https://developers.smartrecruiters.com/reference/candidatesget-1",),
    kinds=frozenset({"candidate"}),
    read=read,
    root="https://api.smartrecruiters.com",
    credential="an API key of SmartRecruiters",
)
