"""SmartRecruiters: one candidate. API key in the header X-SmartToken.

A candidate is not an employee: only the status HIRED of an application makes one, whichever application it is. Any may
be of years ago, also the main one, so the record says as well what it says without it (`HrRecord.otherwise`).
Nothing is left out for want of permission; a missing right refuses the call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from onboarding.domain.hire import Certainty, FetchRef, Hire
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day_of_instant, number
from onboarding.ports import HrRecord

#: https://developers.smartrecruiters.com/reference/candidatesget-1 (candidate details). Doubts: the names within
#: `primaryAssignment` and `secondaryAssignments`, and where the first day stands.
STATUS = {"HIRED": Certainty.EMPLOYEE, "OFFERED": Certainty.OFFER}
WITHDRAWN = frozenset({"REJECTED", "WITHDRAWN"})
START = ("startDate", "application.startDate")


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """One request."""
    headers = {"X-SmartToken": client.token()}
    answer = await client.get("smartrecruiters.candidate", f"/candidates/{segment(ref.id)}", headers)
    *hires, last = _in_order(Said(answer))
    record = _record(Said(answer), last, ref)
    for application in reversed(hires):
        record = replace(_record(Said(answer), application, ref), otherwise=record)
    return record


def _record(said: Said, application: Mapping[str, Any], ref: FetchRef) -> HrRecord:
    """What the record says if this application is the one that counts."""
    counts = Said(application, said)
    status = _status(counts)
    hire = Hire(
        candidate_id=said.text("candidate_id", "id") or ref.id,
        given_name=said.text("given_name", "firstName"),
        family_name=said.text("family_name", "lastName"),
        personal_email=said.text("personal_email", "email"),
        phones=tuple(number(said.text("phones", "phoneNumber"), "other", "phoneNumber")),
        home_country=said.text("home_country", "location.countryCode")
        or said.text("home_country", "location.country"),
        job_title=counts.text("job_title", "job.title"),
        start_date=_start(counts) or said.day("start_date", "startDate", iso_day_of_instant),
        status=status or None,
    )
    return said.record(hire, certainty=STATUS.get(status, Certainty.CANDIDATE), withdrawn=status in WITHDRAWN)


def _in_order(said: Said) -> list[Mapping[str, Any]]:
    """The applications that may say what becomes of the person, each standing for those behind it: hires, the one that
    begins last first, undated ones at the end; then the offer that begins last, or the main one, unless it is a hire.

    The main one is not passed over because its first day is not known yet. Whether a hire is one of years ago tells
    who knows the day of today.
    """
    others = said.raw("secondaryAssignments")
    listed = [said.raw("primaryAssignment"), *(others if isinstance(others, list) else ())]
    # What is wrong in the others is nothing to note about the person.
    applications = [Said(item) for item in listed if isinstance(item, Mapping)] or [Said({})]
    main = applications[0]
    hired, offered = (_last_first(item for item in applications if _status(item) == word) for word in STATUS)
    if main in hired and _start(main) is None:
        return [main.value]
    waits = main in offered and _start(main) is None
    last = offered[0] if offered and not waits else Said({}) if main in hired else main
    return [item.value for item in (*hired, last)]


def _last_first(applications: Iterable[Said]) -> list[Said]:
    return sorted(applications, key=lambda item: _start(item) or date.min, reverse=True)


def _status(application: Said) -> str:
    return (application.text("status", "status") or "").upper()


def _start(application: Said) -> date | None:
    days = (application.day("start_date", place, iso_day_of_instant) for place in START)
    return next((day for day in days if day), None)


READER = Reader(
    slug="smartrecruiters",
    documents=("https://developers.smartrecruiters.com/reference/candidatesget-1",),
    kinds=frozenset({"candidate"}),
    read=read,
    root="https://api.smartrecruiters.com",
    credential="an API key of SmartRecruiters",
)
