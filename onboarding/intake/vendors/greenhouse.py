"""Greenhouse Recruiting web hooks: the one vendor whose hire event carries everything, phone included.

Signature: `Signature: sha256 <hex>` over the raw body (the body writes `<` as `\\u003c`, so a body that was read
and written again no longer matches). Anything but 200 is a failure: 7 attempts in 15 hours. A candidate is not
an employee: the keys are the candidate id and, in offers, only the application id.

`Greenhouse-Event-ID` tells one event from another, and is not signed. A recorded body could come again under another
id, so the same body counts once, whatever its id: else a hire that was taken back could be replayed. The exception is
the start of an accepted offer, which is moved to and fro: there, body and id make the key, and all that a replay could
do is to move the start of a known case to a day that Greenhouse has named before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from onboarding.domain.hire import Certainty, EventType, Hire, HireEvent, Phone
from onboarding.intake import candidates
from onboarding.intake.adapter import Adapter, Greeting, Headers, LinkedEvent, Role, body_hash
from onboarding.intake.candidates import Named, Reader, application
from onboarding.intake.dates import us_date
from onboarding.intake.payload import MAX_TEXT, Payload, Unreadable, read_json
from onboarding.intake.reading import (
    Moment,
    address_of_type,
    day_or_warning,
    first_id,
    ignored,
    moment,
    unmarked,
)
from onboarding.intake.scheme import SignatureScheme
from onboarding.web import Request

MAX_PING = 2048
_NEVER = datetime.min.replace(tzinfo=UTC)

SKYPE = "skype"
#: `phone_numbers[].type` → ours; what is not here is `other`, but `skype`, which is no number. The documentation's own
#: sample says "other " once.
LABELS = {"mobile": "mobile", "work": "work", "home": "home", "other": "other"}
#: Short names of countries that are no abbreviation of a US state ("Los Angeles, CA" is not in Canada).
SHORT_COUNTRIES = frozenset({"UK", "USA", "UAE", "U.K.", "U.S.A."})
#: Written out, these are a country and a US state.
AMBIGUOUS_COUNTRIES = frozenset({"georgia"})


def parse(payload: Payload, headers: Mapping[str, str]) -> list[HireEvent]:
    """One event; an action that is not in `ACTIONS` is passed over."""
    action = payload.text("action")
    read = ACTIONS.get(action)
    event_id = headers.get("greenhouse-event-id")  # not signed: shown, never relied on
    if read is None:
        return [ignored(action, event_id, known=action in PASSED_OVER)]
    return [read(payload.object("payload"), Named(action, event_id))]


def _hired(payload: Payload, event: Named) -> HireEvent:
    said = payload.object("application")
    offer = said.optional_object("offer")
    hire = _candidate(said.object("candidate"), _job(said))
    start, odd = day_or_warning(offer, "starts_at", "start_date") if offer else (None, ())  # YYYY-MM-DD here
    at = _when_hired(said, offer)
    return LinkedEvent(
        source="",
        event_type=EventType.HIRE_CREATED,
        hire=_with(hire, start_date=start),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        occurred_at=at.at,
        occurred_at_zone_assumed=at.zone_assumed,
        warnings=odd + _odd_addresses(said.object("candidate")),
        also_known_as=application(said.optional_identifier("id")),
        at_the_earliest=at.at is not None and moment(said, "last_activity_at").at is None,
    )


def _when_hired(said: Payload, offer: Payload | None) -> Moment:
    """The newest of what an act of hiring moves: whoever is hired again may have an offer that was accepted before the
    first hire was taken back. (`resolved_at` is the "date the offer was accepted".) The dates of the offer are only the
    earliest that it can be: the sample of a hire has no `last_activity_at`."""
    moments = [moment(said, "last_activity_at")]
    moments += [moment(offer, path) for path in ("resolved_at", "created_at")] if offer else []
    return max(moments, key=lambda found: found.at or _NEVER, default=Moment())


def _unhired(payload: Payload, event: Named) -> HireEvent:
    said = payload.object("application")
    return LinkedEvent(
        source="",
        event_type=EventType.HIRE_CANCELLED,
        hire=Hire(candidate_id=said.identifier("candidate.id")),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        # Unhiring is itself an activity on the application. Doubt: not said in so many words.
        occurred_at=moment(said, "last_activity_at").at,
        also_known_as=application(said.optional_identifier("id")),
    )


def _offer(payload: Payload, event: Named) -> HireEvent:
    """An offer names nobody, only the application, and dates it in US order: 04/15/2013."""
    status = payload.optional_text("offer_status")
    # A new version deprecates the old one with an event of its own, in no promised order.
    kind = EventType.IGNORED if status == "Deprecated" else EventType.HIRE_UPDATED
    if status == "Rejected":
        kind = EventType.HIRE_CANCELLED
    if status == "Accepted" and event.name == "offer_updated":
        kind = EventType.START_DATE_CHANGED
    start, odd = day_or_warning(payload, "start_date", "start_date", us_date)
    found = candidates.offer(event, kind, payload.identifier("application_id"), Hire(start_date=start))
    return replace(found, warnings=odd)


def _offer_deleted(payload: Payload, event: Named) -> HireEvent:
    return candidates.offer(event, EventType.HIRE_CANCELLED, payload.identifier("offer.application_id"))


def _application_gone(payload: Payload, event: Named) -> HireEvent:
    """Rejected, or deleted. Known by the application alone: the same person may be hired by another one.

    A rejection ends what was an offer. A deletion may be the end of it, or one of two applications of one person that
    were merged: an operator decides. Of somebody who is hired both are only noted.
    """
    deleted = event.name == "delete_application"
    application_id = first_id(payload, "application.id", "id")  # without `application` in an older sample
    if application_id is None:
        raise Unreadable("missing", payload.place("application.id"))
    return LinkedEvent(
        source="",
        event_type=EventType.EMPLOYEE_DELETED if deleted else EventType.HIRE_CANCELLED,
        hire=Hire(),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        certainty=Certainty.CANDIDATE,
        occurred_at=moment(payload, "application.rejected_at").at if not deleted else None,
        also_known_as=application(application_id),
        opens=False,
    )


def _candidate_updated(payload: Payload, event: Named) -> HireEvent:
    """Fires for every applicant, so it opens no case: we keep nothing about people who were not hired."""
    if _is_anonymized(payload.object("candidate")):
        return ignored(event.name, event.event_id, known=True)
    return LinkedEvent(
        source="",
        event_type=EventType.HIRE_UPDATED,
        hire=_candidate(payload.object("candidate"), Hire()),
        vendor_event_type=event.name,
        vendor_event_id=event.event_id,
        certainty=Certainty.CANDIDATE,
        warnings=_odd_addresses(payload.object("candidate")),
        opens=False,
    )


def _is_anonymized(said: Payload) -> bool:
    """Recruiting data that was erased is written over: the family name is the candidate's id then.

    ("Candidate anonymized", `full_name`.) It says nothing about the person who was hired meanwhile.
    """
    return said.optional_text("first_name") == "Anonymized" and first_id(said, "last_name") == first_id(
        said, "id"
    )


def _candidate_merged(payload: Payload, event: Named) -> HireEvent:
    stays, goes = payload.identifier("person.new_candidate_id"), payload.identifier("person.id")
    return candidates.merged(event, stays=stays, goes=goes)


def _candidate_deleted(payload: Payload, event: Named) -> HireEvent:
    return candidates.deleted(event, payload.identifier("person.id"))


#: https://developers.greenhouse.io/webhooks.html, "Candidate events" and "Application events".
ACTIONS: dict[str, Reader] = {
    "hire_candidate": _hired,  # some third-party samples say candidate_hired: wrong
    "unhire_candidate": _unhired,
    "offer_created": _offer,
    "offer_updated": _offer,  # also fires on a hire, which marks the offer "Accepted"
    "offer_approved": _offer,
    "offer_deleted": _offer_deleted,  # of one version; a hired person stays hired
    "update_candidate": _candidate_updated,
    "merge_candidate": _candidate_merged,
    "reject_candidate": _application_gone,
    "delete_application": _application_gone,  # not when the whole candidate is deleted
    "delete_candidate": _candidate_deleted,  # also once for each loser of a merge, where merges are not subscribed
    "ping": candidates.ping,
}
#: The rest of the same pages: applicants, interviews, jobs and the organisation. Whoever is rejected and taken back
#: is hired by an event of its own; what is erased in recruiting leaves the employee as is.
PASSED_OVER = frozenset(
    {
        "application_updated", "candidate_anonymized", "candidate_stage_change", "department_deleted",
        "interview_deleted", "job_approved", "job_created", "job_deleted", "job_interview_stage_deleted",
        "job_post_created", "job_post_deleted", "job_post_updated", "job_updated", "new_candidate_application",
        "new_prospect_application", "office_deleted", "scorecard_deleted", "unreject_candidate",
    }
)  # fmt: skip


def dedupe_key(headers: Headers, body: bytes) -> str:
    """The body; of an accepted offer that was updated, body and event id."""
    found, event_id = body_hash(headers, body), headers.get("greenhouse-event-id")
    if not event_id:
        return found
    try:
        said = read_json(body)
        moved = said.raw("action") == "offer_updated" and said.raw("payload.offer_status") == "Accepted"
    except Unreadable:
        return found
    return f"{found} {event_id}" if moved else found


def greet(request: Request) -> Greeting | None:
    """The message that Greenhouse sends when a web hook is saved."""
    return candidates.pinged(request, holds=b"web_hook_id", longest=MAX_PING)


def _candidate(said: Payload, job: Hire) -> Hire:
    return _with(
        job,
        candidate_id=said.identifier("id"),
        # "An arbitrary ID provided by an external source". Doubt: companies differ in what they put here.
        employee_number=said.optional_identifier("external_id"),
        given_name=said.optional_text("first_name"),
        family_name=said.optional_text("last_name"),
        personal_email=address_of_type(said.items("email_addresses"), "personal"),
        # Addresses of type `work` are left out: a candidate's work address is at the present employer.
        phones=_phones(said),
    )


def _odd_addresses(said: Payload) -> tuple[str, ...]:
    return unmarked(said.items("email_addresses"), personal="personal")


def _job(application: Payload) -> Hire:
    """`jobs[]` has one entry for a candidate; `job` is deprecated and says the same."""
    job = next(iter(application.items("jobs")), None) or application.optional_object("job")
    if job is None:
        return Hire()
    department = next(iter(job.items("departments")), None)
    offices = job.items("offices")
    return Hire(
        job_title=job.optional_text("name"),
        department=department.optional_text("name") if department else None,
        location=offices[0].optional_text("name") if offices else None,
        work_country=_country(offices),
    )


def _country(offices: tuple[Payload, ...]) -> str | None:
    """The country as it is written at the end of `location` ("London, United Kingdom"), or nothing.

    Left out where several offices are named, and where the last part may be a US state.
    """
    if len(offices) != 1:
        return None
    said = offices[0].raw("location")
    said = said.get("name") if isinstance(said, dict) else said  # Harvest, their API, writes {"name": …}
    last = (said if isinstance(said, str) and len(said) <= MAX_TEXT else "").rpartition(",")[2].strip()
    if last.upper() in SHORT_COUNTRIES:
        return last
    return last if len(last) > 3 and last.lower() not in AMBIGUOUS_COUNTRIES else None


def _phones(said: Payload) -> tuple[Phone, ...] | None:
    if not said.has("phone_numbers"):
        return None
    found = []
    for index, item in enumerate(said.items("phone_numbers")):
        label, value = (item.optional_text("type") or "other").strip().lower(), item.optional_text("value")
        if value and label != SKYPE:
            found.append(Phone(value, LABELS.get(label, "other"), f"phone_numbers[{index}]"))
    return tuple(found)


def _with(hire: Hire, **said: object) -> Hire:
    return hire.merged(Hire(**said), newer=True)  # type: ignore[arg-type]


ADAPTER = Adapter(
    slug="greenhouse",
    title="Greenhouse Recruiting",
    documents=(
        "https://developers.greenhouse.io/webhooks.html",
        "https://github.com/grnhse/greenhouse-api-docs/tree/master/source/includes/webhooks",
    ),
    scheme=SignatureScheme(name="greenhouse", header="signature", prefix="sha256 "),
    parse=parse,
    recruits=True,
    doubts=(
        "Whether the ping of a new web hook is signed is not documented, so it is answered either way.",
        "What companies put into external_id differs; it is taken as the employee number.",
    ),
    dedupe_key=dedupe_key,
    headers=("greenhouse-event-id", "content-type"),
    greet=greet,
    lacks={Role.THIN: "Greenhouse sends the whole record with every event."},
    pruned_keys=frozenset(
        {
            "addresses",
            "attachments",
            "coordinator",
            "credited_to",
            "current_stage",
            "custom_fields",  # salaries, and whatever else a company asks for
            "educations",
            "employments",
            "notes",
            "opening",
            "photo_url",
            "recruiter",
            "rejection_details",
            "rejection_reason",
            "social_media_addresses",
            "tags",
            "website_addresses",
        }
    ),
)
