"""Ashby: an application, its candidate and the accepted offer, by calls that are all POST. Basic authentication with
the API key as user and no password.

Failures come as 200 with `success: false` and a code in `errors`. Without the right to read offers the first day counts
as withheld. The name is one text. An address of type Work is left out: a candidate's is at the present employer.
"""

from __future__ import annotations

from typing import Any

from onboarding.domain.hire import Certainty, FetchRef, Hire, Phone
from onboarding.hr_api.client import Client
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, iso_day_of_instant, number
from onboarding.ports import HrRecord, ReaderRefused, RecordGone, hr

#: https://developers.ashbyhq.com/reference/candidateinfo: type → label, as `intake.vendors.ashby` reads its events.
LABELS = {"personal": "home", "home": "home", "work": "work", "mobile": "mobile", "other": "other"}
WORK, PERSONAL = "work", "personal"
#: https://developers.ashbyhq.com/reference/offerlist
ACCEPTED = "accepted"


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """Three requests for an application, one for a candidate."""
    application = Said({})
    if ref.kind == "application":
        application = Said(await _call(client, "application.info", {"applicationId": ref.id}))
    candidate_id = application.text("candidate_id", "candidate.id") or ref.id
    said = Said(await _call(client, "candidate.info", {"id": candidate_id}), application)
    offer = await _offer(client, ref, said) if ref.kind == "application" else Said({})
    status = (application.text("status", "status") or "").lower()
    hire = Hire(
        candidate_id=candidate_id,
        display_name=said.text("display_name", "name"),
        personal_email=_address(said),
        phones=tuple(item for entry in said.items("phoneNumbers") for item in _phone(entry)),
        location=said.text("location", "primaryLocation.locationSummary"),
        timezone=said.text("timezone", "timezone"),
        job_title=application.text("job_title", "job.title"),
        start_date=offer.day("start_date", "latestVersion.startDate", iso_day_of_instant),
    )
    sure = Certainty.EMPLOYEE if status == "hired" else Certainty.CANDIDATE
    return said.record(hire, certainty=sure, withdrawn=status == "archived")


async def _call(client: Client, name: str, body: dict[str, str]) -> Any:
    answer = await client.post(f"ashby.{name}", f"/{name}", client.basic(""), json=body)
    if answer.get("success") is True:
        return answer.get("results") if isinstance(answer.get("results"), dict | list) else {}
    errors = answer.get("errors")
    text = " ".join(str(item) for item in errors) if isinstance(errors, list) else ""
    if "not_found" in text:
        raise RecordGone(f"Ashby has no such record ({name}).")
    if "permission" in text:
        raise ReaderRefused(f"The key may not call {name}.", code=hr.PERMISSION)
    raise ReaderRefused(f"Ashby answered in another form ({name}).", code=hr.UNREADABLE)


async def _offer(client: Client, ref: FetchRef, said: Said) -> Said:
    """The accepted offer of the application."""
    try:
        found = await _call(client, "offer.list", {"applicationId": ref.id})
    except ReaderRefused as exc:
        if exc.code != hr.PERMISSION:
            raise
        said.withhold("start_date", ("offers",))
        return Said({})
    offers = list(Said({"offers": found}, said).items("offers"))
    accepted = [item for item in offers if str(item.raw("acceptanceStatus")).lower() == ACCEPTED]
    return accepted[0] if accepted else Said({})


def _address(said: Said) -> str | None:
    """The personal address, else the primary one, unless that is of type Work."""
    for entry in said.items("emailAddresses"):
        if _type(entry) == PERSONAL and (value := entry.text("personal_email", "value")):
            return value
    primary = said.part("primaryEmailAddress")
    return primary.text("personal_email", "value") if _type(primary) != WORK else None


def _type(entry: Said) -> str:
    return str(entry.raw("type")).lower()


def _phone(entry: Said) -> list[Phone]:
    label = LABELS.get(_type(entry), "other")
    return number(
        entry.text("phones", "value"),
        label,
        f"phoneNumbers[{label}]",
        primary=entry.flag("isPrimary") is True,
    )


READER = Reader(
    slug="ashby",
    documents=(
        "https://developers.ashbyhq.com/reference/applicationinfo",
        "https://developers.ashbyhq.com/reference/candidateinfo",
        "https://developers.ashbyhq.com/reference/offerlist",
    ),
    kinds=frozenset({"application", "candidate"}),
    read=read,
    root="https://api.ashbyhq.com",
    credential="an API key of Ashby",
)
