"""Lever: one opportunity and its offers. Basic authentication with the API key as user and no password.

Hired is an opportunity that is archived for a reason of type `hired`; archived for another one it was withdrawn, and
one that is not archived is an applicant's, whatever was offered.
An opportunity is one candidacy, and `contact` the person, who may have several: whoever is hired by two is one person.
Who is not hired by this opportunity, while another one of the same contact is archived as hired, is asked about.
The person's name is one text. The first day stands in the signed offer, in milliseconds; without the right to read
offers it counts as withheld.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

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
    """Three requests: of who is not hired by it, one more for the other opportunities of the contact."""
    path = f"{OPPORTUNITIES}/{segment(ref.id)}"
    said = Said(await client.get("lever.opportunity", path, client.basic(""))).part("data")
    reasons = await _hired_reasons(client)
    archived, hired = _archived_for(said) is not None, _archived_for(said) in reasons
    contact = said.text("contact", "contact")
    elsewhere = not hired and contact is not None and await _is_hired(client, contact, ref.id, reasons)
    start, title = (None, None) if elsewhere else await _offer(client, path, said)
    emails = said.raw("emails")
    hire = Hire(
        candidate_id=said.text("candidate_id", "id") or ref.id,
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
    record = said.record(hire, certainty=certainty, withdrawn=archived and not hired and not elsewhere)
    # A candidacy that led to nothing joins nobody.
    known = (f"{CONTACT}{contact}",) if hired and contact else ()
    return replace(record, unclear=elsewhere, also_known_as=known)


def _archived_for(said: Said) -> str | None:
    reason = said.raw("archived.reason")
    return reason if isinstance(reason, str) else None


async def _hired_reasons(client: Client) -> set[str]:
    answer = await client.get("lever.archive_reasons", REASONS, client.basic(""), {"type": "hired"})
    return {found for item in Said(answer).items("data") if isinstance(found := item.raw("id"), str)}


async def _is_hired(client: Client, contact: str, but: str, reasons: set[str]) -> bool:
    """By another opportunity. Of one contact they are on one page."""
    query = {"contact_id": contact, "archived": "true"}
    answer = await client.get("lever.opportunities", OPPORTUNITIES, client.basic(""), query)
    others = (item for item in Said(answer).items("data") if item.raw("id") != but)
    return any(item.raw("contact") == contact and _archived_for(item) in reasons for item in others)


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
