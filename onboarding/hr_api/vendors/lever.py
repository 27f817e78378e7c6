"""Lever: one opportunity and its offers. Basic authentication with the API key as user and no password.

Hired is an opportunity that is archived for a reason of type `hired`; archived for another one it was withdrawn, and
one that is not archived is an applicant's, whatever was offered.
An opportunity is one candidacy, and `contact` the person, who may have several: whoever is hired by two is one person.
Who is not hired by this opportunity, while another one of the same contact is archived as hired, is hired by that one:
it may be of years ago, so the record says as well what it says without it (`HrRecord.otherwise`).
The person's name is one text. The first day stands in the signed offer, in milliseconds; without the right to read
offers it counts as withheld.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from onboarding.domain.hire import Certainty, FetchRef, Hire, Phone
from onboarding.hr_api.client import Client, segment
from onboarding.hr_api.reader import Reader
from onboarding.hr_api.said import Said, day_of_millis, number
from onboarding.ports import HrRecord, ReaderRefused, hr

#: https://hire.lever.co/developer/documentation#opportunities: type of a phone → label.
LABELS = {"mobile": "mobile", "work": "work", "home": "home"}
#: Alias of the person, beside the opportunities by which they are known.
CONTACT = "contact:"
#: https://hire.lever.co/developer/documentation#offers. Doubt: identifiers of offer fields are the customer's own.
START, TITLE = "anticipated_start_date", "job_title"
SIGNED = frozenset({"signed", "sent-manually", "approved"})

#: https://hire.lever.co/developer/documentation#archive-reasons
REASONS = "/v1/archive_reasons"
#: https://hire.lever.co/developer/documentation#opportunities, "List all opportunities": `contact_id`, `archived`.
OPPORTUNITIES = "/v1/opportunities"


async def read(client: Client, ref: FetchRef) -> HrRecord:
    """Three requests. Of who is not hired by it, one more for the other opportunities of the contact, and one for the
    offers of each that is hired."""
    answer = await client.get("lever.opportunity", f"{OPPORTUNITIES}/{segment(ref.id)}", client.basic(""))
    said, reasons = Said(answer).part("data"), await _hired_reasons(client)
    record = await _record(client, said, ref.id, reasons)
    contact = said.raw("contact")
    if record.certainty is Certainty.EMPLOYEE or not isinstance(contact, str) or not contact.strip():
        return record
    hires = [
        (other, await _record(client, Said(other), str(other["id"]), reasons))
        for other in await _others(client, contact.strip(), ref.id)
        if _archived_for(Said(other)) in reasons
    ]
    for _, hire in sorted(hires, key=lambda item: (item[1].hire.start_date or date.min, str(item[0]["id"]))):
        record = replace(hire, otherwise=record)
    return record


async def _record(client: Client, said: Said, identifier: str, reasons: set[str]) -> HrRecord:
    """What one opportunity says."""
    archived, hired = _archived_for(said) is not None, _archived_for(said) in reasons
    contact = said.text("contact", "contact")
    start, title = await _offer(client, f"{OPPORTUNITIES}/{segment(identifier)}", said)
    emails = said.raw("emails")
    hire = Hire(
        candidate_id=said.text("candidate_id", "id") or identifier,
        display_name=said.text("display_name", "name"),
        personal_email=Said({"first": emails[0]}, said).text("personal_email", "first")
        if isinstance(emails, list) and emails
        else None,
        phones=tuple(item for entry in said.items("phones") for item in _phone(entry)),
        location=said.text("location", "location"),
        job_title=title,
        start_date=start,
    )
    certainty = Certainty.EMPLOYEE if hired else Certainty.CANDIDATE
    record = said.record(hire, certainty=certainty, withdrawn=archived and not hired)
    # A candidacy that led to nothing joins nobody.
    return replace(record, also_known_as=(f"{CONTACT}{contact}",) if hired and contact else ())


def _archived_for(said: Said) -> str | None:
    reason = said.raw("archived.reason")
    return reason if isinstance(reason, str) else None


async def _hired_reasons(client: Client) -> set[str]:
    answer = await client.get("lever.archive_reasons", REASONS, client.basic(""), {"type": "hired"})
    return {found for item in Said(answer).items("data") if isinstance(found := item.raw("id"), str)}


async def _others(client: Client, contact: str, but: str) -> list[Mapping[str, Any]]:
    """The other opportunities of one contact: they are on one page."""
    query = {"contact_id": contact, "archived": "true"}
    answer = await client.get("lever.opportunities", OPPORTUNITIES, client.basic(""), query)
    found = [item.value for item in Said(answer).items("data")]
    return [
        item
        for item in found
        if item.get("contact") == contact
        and isinstance(name := item.get("id"), str)
        and name not in {"", but}
    ]


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
        if offer.word("status") in SIGNED:
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
