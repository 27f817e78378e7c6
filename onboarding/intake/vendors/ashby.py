"""Ashby: the hire comes with the application and the accepted offer in it, the candidate's phone included.

Signature: `Ashby-Signature: sha256=<hex>`, HMAC-SHA256 of the raw body; the secret is optional in Ashby and not here.
Each hook has one event type. `webhookActionId` is the same in repeats, and in the related events of one act: a hire
sends `candidateHire`, `applicationUpdate` and `candidateStageChange`. Ten attempts, (2^n - 1) times 10 seconds apart;
401, 403, 404, 405 and 410 are never repeated. Nothing in a body names the organisation: one source for each.

What the API reader fetches where a hire lacks its name or start date (Basic with the API key, everything is a POST):

| kind | id | read |
|---|---|---|
| application | application id | `application.info`, `offer.list` (both `applicationId`), then `candidate.info` |

`candidate.name primaryEmailAddress phoneNumbers[{value,type,isPrimary}]`, `job.title`, `offer.latestVersion.startDate`.
An application whose status is not Hired is no hire, or was one: the case goes no further. Salaries and custom fields
are never kept.

Another application of the same person is archived when one is hired, so an application's status is taken as that of
this application alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from onboarding.domain.hire import Certainty, EventType, FetchRef, Hire, HireEvent, Phone
from onboarding.intake import candidates
from onboarding.intake.adapter import THIN_NEEDS, Adapter, Evidence, Greeting, Headers, LinkedEvent, body_hash
from onboarding.intake.candidates import Named, Reader, application
from onboarding.intake.dates import iso_date
from onboarding.intake.payload import Payload, Unreadable, read_json
from onboarding.intake.reading import ignored, moment
from onboarding.intake.scheme import SignatureScheme
from onboarding.web import Request

MAX_PING = 4096
ACTION_ID = "webhookActionId"

#: Under `data`: whom an event names.
NAMES = ("application.id", "offer.id", "offer.applicationId", "candidate.id", "deletedCandidate.id")

#: `type` of a number or an address → ours. Doubt: the types are those of Ashby's API.
LABELS = {"personal": "home", "home": "home", "work": "work", "mobile": "mobile", "other": "other"}
#: `acceptanceStatus` of an offer.
ACCEPTED, REFUSED = "Accepted", frozenset({"Declined", "Cancelled"})
#: `status` of an application: Lead, Active, Hired, Archived.
HIRED, ARCHIVED = "Hired", "Archived"

_ISO_START = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9:.]{5,18}(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?")


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event; an action that is not in `ACTIONS` is IGNORED."""
    action = payload.text("action")
    read = ACTIONS.get(action)
    if read is None:
        return [ignored(action, _event_id(payload), known=action in PASSED_OVER)]
    return [read(payload.object("data"), Named(action, _event_id(payload)))]


def _hired(data: Payload, event: Named) -> HireEvent:
    said, offer = data.object("application"), data.optional_object("offer")
    hire, odd = _candidate(said, offer), _odd_start(offer)
    complete = hire.start_date is not None and hire.display_name is not None
    application_id, at = said.identifier("id"), moment(said, "updatedAt")
    return LinkedEvent(
        source="",
        event_type=EventType.HIRE_CREATED,
        hire=hire,
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        # Of the application, as in its updates, so that the two can be put in order.
        occurred_at=at.at,
        occurred_at_zone_assumed=at.zone_assumed,
        needs_fetch=None if complete else FetchRef("application", application_id),
        warnings=odd,
        also_known_as=application(application_id),
    )


def _application_updated(data: Payload, event: Named) -> HireEvent:
    """Fires for every applicant, so it opens no case, and names no candidate: they may have other applications.

    Archived is no step on the way to a hire, so it withdraws one. What is neither is looked up.
    """
    said = data.object("application")
    status, application_id = said.optional_text("status"), said.identifier("id")
    at = moment(said, "updatedAt")
    withdrawn, sure = status == ARCHIVED, status in {HIRED, ARCHIVED}
    return LinkedEvent(
        source="",
        event_type=EventType.HIRE_CANCELLED if withdrawn else EventType.HIRE_UPDATED,
        hire=_candidate(said, None, known_by_application=True) if status == HIRED else Hire(),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        certainty=Certainty.EMPLOYEE if sure else Certainty.CANDIDATE,
        occurred_at=at.at,
        occurred_at_zone_assumed=at.zone_assumed,
        needs_fetch=None if sure else FetchRef("application", application_id),
        also_known_as=application(application_id),
        opens=False,
    )


def _offer(data: Payload, event: Named) -> HireEvent:
    """An offer names the application alone. Only one that was accepted opens a case: its date may come first."""
    offer = data.object("offer")
    status = offer.optional_text("acceptanceStatus")
    # The event has no time of its own. A moved start date is a new version, and that has one.
    decided, written = moment(offer, "decidedAt").at, moment(offer, "latestVersion.createdAt").at
    kind = EventType.START_DATE_CHANGED if status == ACCEPTED else EventType.HIRE_UPDATED
    if status in REFUSED:
        kind = EventType.HIRE_CANCELLED
    found = candidates.offer(
        event,
        kind,
        offer.identifier("applicationId"),
        Hire() if status in REFUSED else Hire(start_date=_start(offer)),
        at=max((at for at in (decided, written) if at), default=None),
        opens=status == ACCEPTED,
    )
    return found if status in REFUSED else replace(found, warnings=_odd_start(offer))


def _offer_deleted(data: Payload, event: Named) -> HireEvent:
    application_id = data.identifier("offer.applicationId")
    return candidates.offer(event, EventType.HIRE_CANCELLED, application_id, opens=False)


def _candidate_merged(data: Payload, event: Named) -> HireEvent:
    stays, goes = data.identifier("mergedCandidate.id"), data.identifier("deletedCandidate.id")
    return candidates.merged(event, stays=stays, goes=goes)


def _candidate_deleted(data: Payload, event: Named) -> HireEvent:
    return candidates.deleted(event, data.identifier("candidate.id"))


#: https://developers.ashbyhq.com/reference/candidatehirewebhook and its neighbours.
ACTIONS: dict[str, Reader] = {
    "candidateHire": _hired,
    "applicationUpdate": _application_updated,
    "candidateStageChange": _application_updated,
    "offerCreate": _offer,
    "offerUpdate": _offer,
    "offerDelete": _offer_deleted,
    "candidateMerge": _candidate_merged,
    "candidateDelete": _candidate_deleted,
    "ping": candidates.ping,
}
PASSED_OVER = frozenset(
    {
        "applicationSubmit",
        "interviewPlanTransition",
        "interviewScheduleCreate",
        "interviewScheduleUpdate",
        "jobCreate",
        "jobPostingDelete",
        "jobPostingPublish",
        "jobPostingUnpublish",
        "jobPostingUpdate",
        "jobUpdate",
        "openingCreate",
        "pushToHRIS",
        "signatureRequestUpdate",
        "surveySubmit",
    }
)


def greet(request: Request) -> Greeting | None:
    """Sent when a hook is made or edited."""
    return candidates.pinged(request, holds=b"ping", longest=MAX_PING)


def dedupe_key(headers: Headers, body: bytes) -> str:
    """Type, `webhookActionId` and whom the event names, all of the signed body: the related events of one act share the
    id. Doubt: whether an act upon several people at once does too."""
    try:
        said = read_json(body)
        action, event_id = said.raw("action"), _event_id(said)
        named = [found for path in NAMES if (found := said.optional_identifier(f"data.{path}"))]
    except Unreadable:
        return body_hash(headers, body)
    if not event_id or not isinstance(action, str):
        return body_hash(headers, body)
    return ":".join((action, event_id, *named))


def _event_id(payload: Payload) -> str | None:
    return payload.optional_identifier(ACTION_ID)


def _candidate(application: Payload, offer: Payload | None, *, known_by_application: bool = False) -> Hire:
    """A name is one text in Ashby, as the candidate wrote it; it is not taken apart here."""
    said = application.object("candidate")
    job = application.optional_object("job")
    return Hire(
        candidate_id=None if known_by_application else said.identifier("id"),
        display_name=said.optional_text("name"),
        personal_email=_address(said),
        phones=_phones(said),
        job_title=job.optional_text("title") if job else None,
        start_date=_start(offer) if offer else None,
    )


def _start(offer: Payload) -> date | None:
    """`latestVersion.startDate`: ISO. Doubt: a date, or a point in time, whose day is taken as it is written."""
    version = offer.optional_object("latestVersion")
    found = _ISO_START.fullmatch((version.optional_text("startDate") if version else None) or "")
    return iso_date(found[1]) if found else None


def _odd_start(offer: Payload | None) -> tuple[str, ...]:
    """The warning that tells HR of a first day which cannot be read."""
    version = offer.optional_object("latestVersion") if offer else None
    sent = version is not None and version.raw("startDate") not in {None, ""}
    return ("bad_date:start_date",) if sent and offer is not None and _start(offer) is None else ()


def _address(said: Payload) -> str | None:
    """An address of type Work is left out: a candidate's is at the present employer."""
    found = said.optional_object("primaryEmailAddress")
    if found is None or (found.optional_text("type") or "").lower() == "work":
        return None
    return found.optional_text("value")


def _phones(said: Payload) -> tuple[Phone, ...] | None:
    """The primary number, and the others where they are sent; each once."""
    primary = said.optional_object("primaryPhoneNumber")
    others = list(enumerate(said.items("phoneNumbers")))
    places = [("primaryPhoneNumber", primary)] if primary else []
    places += [(f"phoneNumbers[{index}]", item) for index, item in others]
    found: dict[str, Phone] = {}
    for place, item in places:
        value, label = item.optional_text("value"), (item.optional_text("type") or "other").lower()
        if value and value not in found:
            primary_said = item.optional_flag("isPrimary") or False
            found[value] = Phone(value, LABELS.get(label, "other"), place, is_primary=primary_said)
    return tuple(found.values()) if places or said.has("phoneNumbers") else None


ADAPTER = Adapter(
    slug="ashby",
    title="Ashby",
    documents=(
        "https://developers.ashbyhq.com/docs/setting-up-webhooks",
        "https://developers.ashbyhq.com/docs/common-payload-data",
        "https://developers.ashbyhq.com/docs/authenticating-webhooks",
        "https://developers.ashbyhq.com/docs/related-webhooks",
        "https://developers.ashbyhq.com/reference/candidatehirewebhook",
    ),
    scheme=SignatureScheme(name="ashby", header="ashby-signature", prefix="sha256="),
    parse=parse,
    recruits=True,
    evidence=Evidence.SECONDARY,
    doubts=(
        "The bodies follow two integrators' lists of fields: Ashby's own page names the parts of a hire, and no "
        "whole body of one was seen.",
        "Whether the start date of an offer is a date or a point in time is not confirmed; its day is taken as it "
        "is written, and asked of the API where it cannot be read.",
        "Ashby has no event for a hire that is taken back: an application that is archived after its hire counts "
        "as that.",
        "Whether Ashby's ping is signed is not documented; it is answered either way and changes nothing.",
    ),
    dedupe_key=dedupe_key,
    greet=greet,
    needs=THIN_NEEDS,
    pruned_keys=frozenset(
        {
            "archiveReason",
            "author",
            "compensation",
            "creditedToUser",
            "currentInterviewStage",
            "customFields",
            "fileHandles",
            "formDefinition",
            "hiringTeam",
            "salary",
            "socialLinks",
            "source",
            "tags",
        }
    ),
)
