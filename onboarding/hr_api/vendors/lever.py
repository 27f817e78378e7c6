"""Lever: one opportunity and its offers. Basic authentication with the API key as user and no password.

Hired is an opportunity that is archived for a reason of type `hired`; archived for another one it was withdrawn, and
one that is not archived is an applicant's, whatever was offered.
The person's name is one text. The first day stands in the signed offer, in milliseconds; without the right to read
offers it counts as withheld.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from onboarding.domain.hire import Certainty, FetchRef, Hire, Phone
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, day_of_millis, number
from onboarding.ports import HrRecord, ReaderRefused, hr

#: https://hire.lever.co/developer/documentation#opportunities: type of a phone → label.
LABELS = {"mobile": "mobile", "work": "work", "home": "home"}
#: https://hire.lever.co/developer/documentation#offers. Doubt: identifiers of offer fields are the customer's own.
START, TITLE = "anticipated_start_date", "job_title"
SIGNED = frozenset({"signed", "sent-manually", "approved"})


#: https://hire.lever.co/developer/documentation#archive-reasons
REASONS = "/v1/archive_reasons"


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """Two requests, three for one that is archived."""
    path = f"/v1/opportunities/{segment(ref.id)}"
    said = Said(await client.get("lever.opportunity", path, client.basic(""))).part("data")
    start, title = await _offer(client, path, said)
    emails = said.raw("emails")
    hire = Hire(
        candidate_id=said.text("candidate_id", "id") or ref.id,
        display_name=said.text("display_name", "name"),
        personal_email=emails[0]
        if isinstance(emails, list) and emails and isinstance(emails[0], str)
        else None,
        phones=tuple(item for entry in said.items("phones") for item in _phone(entry)),
        location=said.text("location", "location"),
        job_title=title,
        start_date=start,
    )
    reason = said.raw("archived.reason")
    archived = isinstance(reason, str)
    hired = archived and reason in await _hired_reasons(client)
    certainty = Certainty.EMPLOYEE if hired else Certainty.CANDIDATE
    return said.record(hire, certainty=certainty, withdrawn=archived and not hired)


async def _hired_reasons(client: Client) -> set[Any]:
    answer = await client.get("lever.archive_reasons", REASONS, client.basic(""), {"type": "hired"})
    return {item.raw("id") for item in Said(answer).items("data")}


async def _offer(client: Client, path: str, said: Said) -> tuple[date | None, str | None]:
    """First day and title of the newest offer that somebody signed."""
    try:
        answer = await client.get("lever.offers", f"{path}/offers", client.basic(""))
    except ReaderRefused as exc:
        if exc.code != hr.PERMISSION:
            raise
        said.withhold("start_date", ("offers",))
        return None, None
    for offer in reversed(list(Said(answer, said).items("data"))):
        if offer.raw("status") in SIGNED:
            fields = {str(item.raw("identifier")): item for item in offer.items("fields")}
            begin, title = fields.get(START, Said({})), fields.get(TITLE, Said({}))
            return begin.day("start_date", "value", day_of_millis), title.text("job_title", "value")
    return None, None


def _phone(entry: Said) -> list[Phone]:
    label = LABELS.get(str(entry.raw("type")), "other")
    return number(entry.text("phones", "value"), label, f"phones[{label}]")


READER = Reader(
    slug="lever",
    documents=("https://hire.lever.co/developer/documentation",),
    kinds=frozenset({"opportunity"}),
    read=read,
    root="https://api.lever.co",
    credential="an API key of Lever",
)
